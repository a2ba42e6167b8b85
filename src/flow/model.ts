import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { ApiError, IApi } from '../api';
import { IStatus } from '../types';

/** What the Flow panel shows. */
export interface IFlowState {
  /** `looking` until the first answer, then a project or the welcome. */
  readonly phase: 'looking' | 'welcome' | 'project';
  readonly folder: string;
  readonly status: IStatus | null;
  /** Why the last look failed; what was known before stays. */
  readonly problem: ApiError | null;
  readonly creating: boolean;
  /** Why the project was not created. */
  readonly refusal: ApiError | null;
}

/** A status older than this is asked for again: a terminal may have switched the branch. */
const STALE_MS = 30_000;

/**
 * Where the project around a folder stands. Between `show()` and `hide()` it asks for the
 * cheap revision at each tick, and for the whole status only when that could have changed.
 */
export class FlowModel {
  constructor(
    private readonly api: IApi,
    folder = '',
    seconds = 2
  ) {
    this._state = {
      phase: 'looking',
      folder,
      status: null,
      problem: null,
      creating: false,
      refusal: null
    };
    this._poll = new Poll({
      auto: false,
      name: 'e2e-lab:flow',
      factory: () => this.look(),
      frequency: frequency(seconds),
      standby: 'when-hidden'
    });
  }

  get state(): IFlowState {
    return this._state;
  }

  /** The state is another one. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A project was made in the folder of this path. */
  get created(): ISignal<this, string> {
    return this._created;
  }

  /** How often to look, in seconds. */
  set seconds(seconds: number) {
    this._poll.frequency = frequency(seconds);
  }

  /** Look at another folder. What is shown stays until the answer is there. */
  set folder(folder: string) {
    if (folder === this._state.folder) {
      return;
    }
    this._due = true;
    this.update({ folder, refusal: null });
    if (this._visible) {
      void this._poll.refresh();
    }
  }

  /** Start to look: the panel can be seen. */
  show(): void {
    this._visible = true;
    this._due = true;
    void this._poll.start();
  }

  /** Stop to look: nobody can see the panel. */
  hide(): void {
    this._visible = false;
    void this._poll.stop();
  }

  /** Something may have changed that the revision does not tell, such as a saved file. */
  invalidate(): void {
    this._due = true;
  }

  /** Ask for everything now. */
  async refresh(): Promise<void> {
    this._due = true;
    await this.look().catch(() => undefined); // the state tells of the problem
  }

  /** Make the folder a project; a refusal is in the state. */
  async createProject(): Promise<void> {
    const { folder } = this._state;
    this.update({ creating: true, refusal: null });
    try {
      await this.api.createProject(folder);
      this._created.emit(folder);
      await this.refresh();
    } catch (error) {
      this.update({ refusal: problemOf(error) });
    } finally {
      this.update({ creating: false });
    }
  }

  dispose(): void {
    this._poll.dispose();
    Signal.clearData(this);
  }

  private async look(): Promise<void> {
    const { folder } = this._state;
    const left = () => folder !== this._state.folder || this._poll.isDisposed;
    try {
      const revision = await this.api.revision(folder);
      if (left()) {
        return;
      }
      if (revision === null) {
        this.welcome();
        return;
      }
      if (!this.isNews(revision)) {
        return;
      }
      this._due = false;
      const status = await this.api.status(folder);
      if (!left()) {
        this._revision = revision;
        this._asked = Date.now();
        this.update({ phase: 'project', status, problem: null });
      }
    } catch (error) {
      const problem = problemOf(error);
      this._due = true;
      if (left()) {
        return;
      }
      if (problem.code === 'no_project') {
        this.welcome();
        return;
      }
      this.update({ problem });
      throw problem; // the poll waits longer after each failure
    }
  }

  private welcome(): void {
    this._due = true;
    this.update({ phase: 'welcome', status: null, problem: null });
  }

  private isNews(revision: number): boolean {
    return (
      this._due ||
      revision !== this._revision ||
      Date.now() - this._asked > STALE_MS
    );
  }

  private update(change: Partial<IFlowState>): void {
    const before = this._state;
    this._state = { ...before, ...change };
    const keys = Object.keys(change) as (keyof IFlowState)[];
    if (keys.some(key => before[key] !== change[key])) {
      this._changed.emit();
    }
  }

  private _state: IFlowState;
  private _visible = false;
  private _due = true;
  private _revision = -1;
  private _asked = 0;
  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _created = new Signal<this, string>(this);
}

function frequency(seconds: number) {
  return { interval: seconds * 1000, backoff: true, max: 60_000 };
}

function problemOf(error: unknown): ApiError {
  return error instanceof ApiError
    ? error
    : new ApiError('error', String(error));
}
