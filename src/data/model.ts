import { ISignal, Signal } from '@lumino/signaling';

import { IApi } from '../api';
import { IWorkspace, Kernels } from '../kernel/model';
import { IDatasetEntry, IMadeVersion } from '../types';
import { IFollower, Watch, isWithin } from '../watch';

/** What the Data panel shows beside the notebook. */
export interface IDataState {
  readonly datasets: readonly IDatasetEntry[] | null;
  readonly match: string;
  /** The dataset that the keyboard or the context menu is at. */
  readonly selected: string | null;
  /** What the last snapshot did. */
  readonly answer: IAnswer | null;
}

/** The answer to a snapshot: what was saved, and what is new in it. */
export interface IAnswer extends IMadeVersion {
  /** Against the version before, in words; null until known, empty for the first. */
  readonly change: string | null;
  readonly time: string;
}

/** The datasets of the project, and the tables of the current notebook. */
export class DataModel implements IFollower {
  constructor(
    private readonly api: Pick<IApi, 'datasets' | 'versions'>,
    readonly watch: Watch,
    readonly kernels: Kernels,
    /** The project that is shown, as the kernels call it; null while it is not known. */
    private readonly project: () => string | null = () => null
  ) {
    watch.changed.connect(() => this.mayHaveLeft());
    kernels.changed.connect(() => this._changed.emit());
    kernels.made.connect((_, { project, made }) => {
      if (this.isShown(project)) {
        void this.answer(made.items);
      }
    });
  }

  get state(): IDataState {
    return this._state;
  }

  get workspace(): IWorkspace | null {
    return this.kernels.workspace;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The panel can be seen, or no longer. */
  seen(visible: boolean): void {
    if (visible) {
      this.watch.follow(this);
      this.kernels.ask();
    } else {
      this.watch.leave(this);
    }
  }

  async ask(folder: string): Promise<() => void> {
    const datasets = await this.api.datasets(folder);
    return () => this.update({ datasets });
  }

  forget(): void {
    this.update({ datasets: null, answer: null, selected: null });
  }

  set match(match: string) {
    this.update({ match });
  }

  set selected(selected: string | null) {
    this.update({ selected });
  }

  dismissAnswer(): void {
    this.update({ answer: null });
  }

  /** The datasets of a stage whose name holds what is looked for. */
  matching(stage: string): IDatasetEntry[] {
    const match = this._state.match.trim().toLowerCase();
    return (this._state.datasets ?? []).filter(
      dataset =>
        dataset.stage === stage && dataset.name.toLowerCase().includes(match)
    );
  }

  /** Datasets of another project must not stand under the name of this one. */
  private mayHaveLeft(): void {
    const { folder } = this.watch.state;
    const left =
      !isWithin(folder, this._folder) && !isWithin(this._folder, folder);
    this._folder = folder;
    if (left) {
      this.forget();
    } else {
      this._changed.emit();
    }
  }

  /** A notebook may work in another project than the one that is looked at. */
  private isShown(project: string | null): boolean {
    const shown = this.project();
    return project === null || shown === null || project === shown;
  }

  private async answer(items: readonly IMadeVersion[]): Promise<void> {
    const last = items[items.length - 1];
    if (!last) {
      return;
    }
    const answer = {
      ...last,
      change: null,
      time: new Date().toISOString()
    };
    this.update({ answer });
    if (!this.watch.looking) {
      return; // nobody sees it
    }
    const { folder } = this.watch.state;
    try {
      void this.watch.refresh();
      const { items } = await this.api.versions(folder, last.name, 1);
      const newest = items.find(({ version }) => version === last.version);
      if (this._state.answer === answer) {
        const change = newest?.change ?? '';
        const time = newest?.time ?? answer.time;
        this.update({ answer: { ...answer, change, time } });
      }
    } catch (reason) {
      console.debug('e2e-lab: what changed is not known', reason);
    }
  }

  private update(change: Partial<IDataState>): void {
    this._state = { ...this._state, ...change };
    this._changed.emit();
  }

  private _state: IDataState = {
    datasets: null,
    match: '',
    selected: null,
    answer: null
  };
  private _folder = '';
  private readonly _changed = new Signal<this, void>(this);
}
