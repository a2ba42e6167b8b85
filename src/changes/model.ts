import { ApiError, IApi, problemOf } from '../api';
import {
  ICommit,
  ICommitEntry,
  ICommitPage,
  IRestored,
  IWorkingChanges
} from '../types';
import { Part } from '../part';
import { Watch } from '../watch';

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
export class ChangesModel extends Part<IChangesState> {
  constructor(
    private readonly api: Pick<IApi, 'changes' | 'commits'>,
    watch: Watch
  ) {
    super(watch, NOTHING);
  }

  async ask(folder: string): Promise<() => void> {
    const shown = Math.min(Math.max(PAGE, this.state.commits.length), MOST);
    const [changes, page] = await Promise.all([
      this.api.changes(folder),
      this.api.commits(folder, 0, shown)
    ]);
    return () =>
      this.update({ changes, commits: page.items, total: page.total });
  }

  forget(): void {
    this.update({ ...NOTHING, message: this.state.message });
  }

  /** Older commits, below those that are shown. */
  async more(): Promise<void> {
    const { folder } = this.watch.state;
    const { commits } = this.state;
    let page: ICommitPage;
    try {
      page = await this.api.commits(folder, commits.length, PAGE);
    } catch (error) {
      this.update({ problem: problemOf(error) });
      return;
    }
    if (commits === this.state.commits) {
      this.update({ commits: [...commits, ...page.items], total: page.total });
    }
  }

  update(change: Partial<IChangesState>): void {
    super.update(change);
  }

  protected leave(): void {
    super.forget(); // the message too
  }
}
