import { ISignal, Signal } from '@lumino/signaling';

import { ApiError, IApi, problemOf } from '../api';
import {
  ICommit,
  ICommitEntry,
  ICommitPage,
  IRestored,
  IWorkingChanges
} from '../types';
import { IFollower, Watch, isWithin } from '../watch';

/** How many commits are asked for at once. */
const PAGE = 50;
/** Of more than these, the newest are asked for again. */
const MOST = 1000;

/** What the panel is at work on. */
export type Doing = 'committing' | 'restoring' | null;

/** What was done last, and how to undo it. */
export type ChangeAnswer =
  | { kind: 'committed'; commit: ICommit; notes: readonly string[] }
  | { kind: 'restored'; restored: IRestored; message: string };

/** What the panel shows. */
export interface IChangesState {
  readonly changes: IWorkingChanges | null;
  readonly commits: readonly ICommitEntry[];
  /** How many commits there are. */
  readonly total: number;
  readonly message: string;
  readonly doing: Doing;
  readonly answer: ChangeAnswer | null;
  /** Why the last thing was refused. */
  readonly problem: ApiError | null;
  /** The path that the keyboard or the context menu is at, and the commit. */
  readonly file: string | null;
  readonly commit: string | null;
}

const NOTHING: IChangesState = {
  changes: null,
  commits: [],
  total: 0,
  message: '',
  doing: null,
  answer: null,
  problem: null,
  file: null,
  commit: null
};

/** What is not committed, and what was. */
export class ChangesModel implements IFollower {
  constructor(
    private readonly api: Pick<IApi, 'changes' | 'commits'>,
    readonly watch: Watch
  ) {
    watch.changed.connect(() => this.mayHaveLeft());
  }

  get state(): IChangesState {
    return this._state;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The panel can be seen, or no longer. */
  seen(visible: boolean): void {
    if (visible) {
      this.watch.follow(this);
    } else {
      this.watch.leave(this);
    }
  }

  async ask(folder: string): Promise<() => void> {
    const shown = Math.min(Math.max(PAGE, this._state.commits.length), MOST);
    const [changes, page] = await Promise.all([
      this.api.changes(folder),
      this.api.commits(folder, 0, shown)
    ]);
    return () =>
      this.update({ changes, commits: page.items, total: page.total });
  }

  forget(): void {
    const { message } = this._state;
    this._state = { ...NOTHING, message };
    this._changed.emit();
  }

  /** Older commits, below those that are shown. */
  async more(): Promise<void> {
    const { folder } = this.watch.state;
    const { commits } = this._state;
    let page: ICommitPage;
    try {
      page = await this.api.commits(folder, commits.length, PAGE);
    } catch (error) {
      this.update({ problem: problemOf(error) });
      return;
    }
    if (commits === this._state.commits) {
      this.update({ commits: [...commits, ...page.items], total: page.total });
    }
  }

  update(change: Partial<IChangesState>): void {
    this._state = { ...this._state, ...change };
    this._changed.emit();
  }

  /** Changes of another project must not stand under the name of this one. */
  private mayHaveLeft(): void {
    const { folder } = this.watch.state;
    const left =
      !isWithin(folder, this._folder) && !isWithin(this._folder, folder);
    this._folder = folder;
    if (left) {
      this._state = NOTHING;
    }
    this._changed.emit();
  }

  private _state = NOTHING;
  private _folder = '';
  private readonly _changed = new Signal<this, void>(this);
}
