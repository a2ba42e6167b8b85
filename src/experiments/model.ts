import { Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';

import { IApi } from '../api';
import { IWorkspace, Kernels } from '../kernel/model';
import { Part } from '../part';
import { IRunEntry } from '../types';
import { Watch, isWithin } from '../watch';

/** Runs that the panel shows; the table has all. */
const MOST = 100;

/** How often to look while a run goes on. */
const LIVE_MS = 1000;

/** How long to wait for the next letter of a filter. */
const TYPING_MS = 200;

/** What the Experiments panel shows. */
export interface IExperimentsState {
  /** The current notebook's first, newest first; null until known. */
  readonly runs: readonly IRunEntry[] | null;
  readonly total: number;
  readonly running: number;
  readonly match: string;
  /** The run that the keyboard or the context menu is at. */
  readonly selected: string | null;
}

const NOTHING: IExperimentsState = {
  runs: null,
  total: 0,
  running: 0,
  match: '',
  selected: null
};

/** The newest runs of the project, those of the current notebook before the others; live while any goes on. */
export class ExperimentsModel extends Part<IExperimentsState> {
  constructor(
    private readonly api: Pick<IApi, 'runs'>,
    watch: Watch,
    readonly kernels: Kernels
  ) {
    super(watch, NOTHING);
    kernels.changed.connect(() => {
      const path = this.workspace?.path ?? null;
      if (path !== this._notebook) {
        this._notebook = path;
        this.askNow();
      }
      this._changed.emit();
    });
    kernels.made.connect((_, { made }) => {
      if (made.runs.length > 0) {
        this.askNow();
      }
    });
  }

  get workspace(): IWorkspace | null {
    return this.kernels.workspace;
  }

  /** The runs of the notebook that is worked in, and the others. */
  get groups(): [IRunEntry[], IRunEntry[]] {
    const here: IRunEntry[] = [];
    const others: IRunEntry[] = [];
    for (const run of this.state.runs ?? []) {
      (this.isHere(run) ? here : others).push(run);
    }
    return [here, others];
  }

  /** The run that is selected. */
  get selected(): IRunEntry | null {
    const { runs, selected } = this.state;
    return runs?.find(({ id }) => id === selected) ?? null;
  }

  set selected(run: IRunEntry | null) {
    this.update({ selected: run?.id ?? null });
  }

  set match(match: string) {
    this.update({ match });
    clearTimeout(this._typing);
    this._typing = setTimeout(() => this.askNow(), TYPING_MS);
  }

  seen(visible: boolean): void {
    this._seen = visible;
    super.seen(visible);
    if (visible) {
      this.kernels.ask();
    } else {
      void this._poll.stop();
    }
  }

  async ask(folder: string): Promise<() => void> {
    const { match } = this.state;
    const notebook = this.workspace?.path ?? null;
    const near = notebook !== null && isWithin(notebook, folder);
    const page = await this.api.runs(folder, {
      limit: MOST,
      ...(near && { first: notebook }),
      ...(match.trim() && { match: match.trim() })
    });
    return () => {
      if (match === this.state.match) {
        const { items, total, running } = page;
        this.update({ runs: items, total, running });
        this.follow();
      }
    };
  }

  forget(): void {
    super.forget();
    void this._poll.stop();
  }

  dispose(): void {
    clearTimeout(this._typing);
    this._poll.dispose();
    this.watch.leave(this);
    Signal.clearData(this);
  }

  private isHere(run: IRunEntry): boolean {
    const path = this.workspace?.path;
    const notebook = run.origin.notebook;
    return Boolean(
      path && notebook && (path === notebook || path.endsWith(`/${notebook}`))
    );
  }

  private askNow(): void {
    if (this._seen && this.watch.state.phase === 'project') {
      const { folder } = this.watch.state;
      void this.ask(folder).then(
        show => folder === this.watch.state.folder && show(),
        reason => console.debug('e2e-lab: the runs are not known', reason)
      );
    }
  }

  /** Look more often while a run goes on. */
  private follow(): void {
    if (this._poll.isDisposed) {
      return;
    }
    if (this._seen && this.state.running > 0) {
      void this._poll.start();
    } else {
      void this._poll.stop();
    }
  }

  private _seen = false;
  private _notebook: string | null = null;
  private _typing?: ReturnType<typeof setTimeout>;
  private readonly _poll = new Poll({
    auto: false,
    name: 'e2e-lab:runs',
    factory: async () => {
      const { folder } = this.watch.state;
      const show = await this.ask(folder);
      if (folder === this.watch.state.folder) {
        show();
      }
    },
    frequency: { interval: LIVE_MS, backoff: true, max: 60_000 },
    standby: 'when-hidden'
  });
}
