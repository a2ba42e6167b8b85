import { IApi } from '../api';
import { IWorkspace, Kernels } from '../kernel/model';
import { Part } from '../part';
import { IDatasetEntry, IMadeVersion } from '../types';
import { Watch } from '../watch';

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
export class DataModel extends Part<IDataState> {
  constructor(
    private readonly api: Pick<IApi, 'datasets' | 'versions'>,
    watch: Watch,
    readonly kernels: Kernels,
    /** The project that is shown, as the kernels call it; null while it is not known. */
    private readonly project: () => string | null = () => null
  ) {
    super(watch, { datasets: null, match: '', selected: null, answer: null });
    kernels.changed.connect(() => this._changed.emit());
    kernels.made.connect((_, { project, made }) => {
      if (this.isShown(project)) {
        void this.answer(made.items);
      }
    });
  }

  get workspace(): IWorkspace | null {
    return this.kernels.workspace;
  }

  seen(visible: boolean): void {
    super.seen(visible);
    if (visible) {
      this.kernels.ask();
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
    const match = this.state.match.trim().toLowerCase();
    return (this.state.datasets ?? []).filter(
      dataset =>
        dataset.stage === stage && dataset.name.toLowerCase().includes(match)
    );
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
      if (this.state.answer === answer) {
        const change = newest?.change ?? '';
        const time = newest?.time ?? answer.time;
        this.update({ answer: { ...answer, change, time } });
      }
    } catch (reason) {
      console.debug('e2e-lab: what changed is not known', reason);
    }
  }
}
