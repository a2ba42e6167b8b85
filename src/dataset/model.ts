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
  'versions' | 'rows' | 'columns' | 'lineage' | 'diff'
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
      return () => this.know(items);
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
      void this.ask().then(
        show => show(),
        error => this.update({ problem: problemOf(error) })
      );
    }
  }

  set view(view: DatasetView) {
    this.update({ view });
  }

  /** Look at one version; the newest is followed from then on where it is the newest. */
  choose(version: IVersionEntry): void {
    const newest = this._state.versions?.[0];
    this._chosen = version === newest ? null : version.selector;
    this.update({ version });
  }

  chooseSelector(selector: string): void {
    this._chosen = selector;
    if (this._state.versions) {
      this.know(this._state.versions);
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

  private know(versions: readonly IVersionEntry[]): void {
    const chosen = versions.find(({ selector }) => selector === this._chosen);
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
