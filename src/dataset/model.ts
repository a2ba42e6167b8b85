import { ISignal, Signal } from '@lumino/signaling';

import { ApiError, IApi, IVersionName, problemOf } from '../api';
import { IVersionEntry } from '../types';
import { IFollower, Watch } from '../watch';

export type DatasetView = 'rows' | 'columns' | 'changes' | 'lineage';

/** What a dataset's tab shows. */
export interface IDatasetState {
  readonly name: string;
  /** Newest first; null until known. */
  readonly versions: readonly IVersionEntry[] | null;
  /** The version that is looked at. */
  readonly version: IVersionEntry | null;
  readonly view: DatasetView;
  readonly problem: ApiError | null;
}

/** The questions that the tab asks. */
export type IDatasetApi = Pick<
  IApi,
  'versions' | 'version' | 'rows' | 'columns' | 'lineage' | 'diff'
>;

/** One dataset: its versions, and the one that is looked at. The newest is, until another is chosen. */
export class DatasetModel implements IFollower {
  constructor(
    readonly api: IDatasetApi,
    readonly watch: Watch,
    /** A folder of the project. */
    readonly folder: string,
    name: string,
    selector: string | null = null
  ) {
    this._chosen = selector;
    this._state = {
      name,
      versions: null,
      version: null,
      view: 'rows',
      problem: null
    };
  }

  get state(): IDatasetState {
    return this._state;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The version that is looked at, as the server is asked for it. */
  get at(): IVersionName | null {
    const { name, version } = this._state;
    return version && { folder: this.folder, name, selector: version.selector };
  }

  /** The version that was asked for, where it is not just the newest. */
  get chosen(): string | null {
    return this._chosen;
  }

  seen(visible: boolean): void {
    if (visible) {
      this.watch.follow(this);
    } else {
      this.watch.leave(this);
    }
  }

  async ask(): Promise<() => void> {
    const { name } = this._state;
    try {
      const { items } = await this.api.versions(this.folder, name);
      const asked = this._chosen;
      if (asked === null || find(items, asked)) {
        return () => this.know(items);
      }
      return await this.lookUp(items, asked);
    } catch (error) {
      const problem = problemOf(error);
      if (problem.code === 'network') {
        throw problem;
      }
      return () => this.update({ problem });
    }
  }

  /** The sidebar looks at no project; the tab stays with its own. */
  forget(): void {
    if (!this._state.versions && !this._state.problem) {
      this.askNow();
    }
  }

  set view(view: DatasetView) {
    this.update({ view });
  }

  /** Look at one version; the newest is followed from then on where it is the newest. */
  choose(version: IVersionEntry): void {
    const newest = this._state.versions?.[0];
    this._chosen = version === newest ? null : version.selector;
    this.update({ version, problem: null });
  }

  chooseSelector(selector: string): void {
    this._chosen = selector;
    const { versions } = this._state;
    if (versions && find(versions, selector)) {
      this.know(versions);
    } else if (versions) {
      this.askNow();
    }
  }

  /** The dataset was renamed. */
  renamed(name: string): void {
    this.update({ name });
    this.watch.invalidate();
  }

  dispose(): void {
    this.watch.leave(this);
    Signal.clearData(this);
  }

  private askNow(): void {
    void this.ask().then(
      show => show(),
      error => this.update({ problem: problemOf(error) })
    );
  }

  /** A version that is not among those listed: an old one of very many, one by its id, or one that is not there. */
  private async lookUp(
    items: readonly IVersionEntry[],
    selector: string
  ): Promise<() => void> {
    const { name } = this._state;
    try {
      const { folder } = this;
      const found = await this.api.version({ folder, name, selector });
      const all = find(items, found.selector) ? items : [...items, found];
      return () => {
        if (this._chosen === selector) {
          this._chosen = found.selector;
        }
        this.know(all);
      };
    } catch (error) {
      const problem = problemOf(error);
      if (problem.code === 'network') {
        throw problem;
      }
      return () => {
        this.know(items); // the newest, with the word why
        this.update({ problem });
      };
    }
  }

  private know(versions: readonly IVersionEntry[]): void {
    const chosen = this._chosen === null ? null : find(versions, this._chosen);
    const now = chosen ?? versions[0] ?? null;
    this.update({ versions, version: now, problem: null });
  }

  private update(change: Partial<IDatasetState>): void {
    this._state = { ...this._state, ...change };
    this._changed.emit();
  }

  private _chosen: string | null;
  private _state: IDatasetState;
  private readonly _changed = new Signal<this, void>(this);
}

function find(
  versions: readonly IVersionEntry[],
  selector: string
): IVersionEntry | undefined {
  return versions.find(version => version.selector === selector);
}
