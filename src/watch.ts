import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { ApiError, problemOf } from './api';

/** What the watch needs of the server. */
export interface IRevisions {
  /** Grows with every change; null outside a project. */
  revision(folder: string): Promise<number | null>;
}

/** Something that shows a part of the project. */
export interface IFollower {
  /** Ask for that part; what comes back shows it, and is not called once the folder was left. */
  ask(folder: string): Promise<() => void>;
  /** The folder is in no project; said at each look. */
  forget(): void;
}

/** What is known of the folder itself. */
export interface IWatchState {
  /** `looking` until the first answer. */
  readonly phase: 'looking' | 'outside' | 'project';
  readonly folder: string;
  /** Why the last look failed; what was shown before stays. */
  readonly problem: ApiError | null;
}

/** Shown things older than this are asked for again: a terminal may have switched the branch. */
const STALE_MS = 30_000;

/**
 * The one place that looks whether the project around a folder changed. While anything follows, it
 * asks for the cheap revision at each tick, and tells a follower to ask only when there is news.
 */
export class Watch {
  constructor(
    private readonly api: IRevisions,
    folder = '',
    seconds = 2
  ) {
    this._state = { phase: 'looking', folder, problem: null };
    this._poll = new Poll({
      auto: false,
      name: 'e2e-lab:watch',
      factory: () => this.look(),
      frequency: frequency(seconds),
      standby: 'when-hidden'
    });
  }

  get state(): IWatchState {
    return this._state;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether anything is followed. */
  get looking(): boolean {
    return this._followers.size > 0;
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
    this.invalidate();
    this.update({ folder });
    this.hurry();
  }

  /** It can be seen: keep it up to date from now on. */
  follow(follower: IFollower): void {
    if (!this._followers.has(follower)) {
      this._followers.set(follower, {
        revision: NaN,
        asked: 0,
        turn: 0,
        shown: 0
      });
      if (this._followers.size > 1) {
        this.hurry();
      } else {
        void this._poll.start();
      }
    }
  }

  /** Nobody can see it. Without followers nothing is asked at all. */
  leave(follower: IFollower): void {
    if (this._followers.delete(follower) && this._followers.size === 0) {
      void this._poll.stop();
    }
  }

  /** Something may have changed that the revision does not tell, such as a saved file. */
  invalidate(): void {
    for (const seen of this._followers.values()) {
      seen.revision = NaN;
    }
  }

  /** Ask for everything now. */
  async refresh(): Promise<void> {
    this.invalidate();
    await this.look().catch(() => undefined); // the state tells of the problem
  }

  dispose(): void {
    this._poll.dispose();
    Signal.clearData(this);
  }

  private async look(): Promise<void> {
    const { folder } = this._state;
    await this.lookAt(folder);
    if (folder !== this._state.folder && !this._poll.isDisposed) {
      await this.look(); // it was left meanwhile
    }
  }

  private async lookAt(folder: string): Promise<void> {
    const left = () => folder !== this._state.folder || this._poll.isDisposed;
    try {
      const revision = await this.api.revision(folder);
      if (left()) {
        return;
      }
      if (revision === null) {
        this.outside();
        return;
      }
      const first = folder !== this._shown;
      const looks = await Promise.allSettled(
        this.behind(revision).map(async ([follower, seen]) => {
          seen.revision = revision;
          const turn = ++seen.turn;
          const answer = await follower.ask(folder);
          const show = () => {
            if (!left() && turn > seen.shown) {
              seen.shown = turn; // an answer that comes late does not take the place of a newer one
              seen.asked = Date.now();
              answer();
            }
          };
          return first ? show : show();
        })
      );
      // What belongs together is never seen beside another folder's.
      looks.forEach(look => look.status === 'fulfilled' && look.value?.());
      const failed = looks.find(look => look.status === 'rejected');
      if (failed) {
        throw (failed as PromiseRejectedResult).reason;
      }
      if (!left()) {
        this._shown = folder;
        this.update({ phase: 'project', problem: null });
      }
    } catch (error) {
      const problem = problemOf(error);
      this.invalidate();
      if (left()) {
        return;
      }
      if (problem.code === 'no_project') {
        this.outside();
        return;
      }
      this.update({ problem });
      throw problem; // the poll waits longer after each failure
    }
  }

  private behind(revision: number): [IFollower, ISeen][] {
    const old = Date.now() - STALE_MS;
    return [...this._followers].filter(
      ([, seen]) => seen.revision !== revision || seen.asked < old
    );
  }

  private outside(): void {
    this.invalidate();
    this._shown = null;
    for (const follower of this._followers.keys()) {
      follower.forget();
    }
    this.update({ phase: 'outside', problem: null });
  }

  private hurry(): void {
    if (this._followers.size > 0) {
      void this._poll.refresh();
    }
  }

  private update(change: Partial<IWatchState>): void {
    const before = this._state;
    this._state = { ...before, ...change };
    const keys = Object.keys(change) as (keyof IWatchState)[];
    if (keys.some(key => before[key] !== change[key])) {
      this._changed.emit();
    }
  }

  private _state: IWatchState;
  /** The folder whose parts are shown. */
  private _shown: string | null = null;
  private readonly _poll: Poll;
  private readonly _followers = new Map<IFollower, ISeen>();
  private readonly _changed = new Signal<this, void>(this);
}

/** What a follower shows, and since when. */
interface ISeen {
  revision: number;
  asked: number;
  /** How often it was asked, and which of these answers is shown. */
  turn: number;
  shown: number;
}

function frequency(seconds: number) {
  return { interval: seconds * 1000, backoff: true, max: 15_000 };
}

/** Whether a folder is another one or lies below it. */
export function isWithin(folder: string, above: string): boolean {
  return above === '' || folder === above || folder.startsWith(`${above}/`);
}
