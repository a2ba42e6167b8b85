import { ISignal, Signal } from '@lumino/signaling';

import { ApiError, IApi, problemOf } from '../api';
import { IStatus } from '../types';
import { IFollower, Watch, isWithin } from '../watch';

/** What the head of the sidebar, the Flow panel and the Workflow tab show. */
export interface IFlowState {
  readonly status: IStatus | null;
  readonly creating: boolean;
  /** Why the project was not created. */
  readonly refusal: ApiError | null;
}

/** Where the project stands. It is asked for while at least one viewer can be seen. */
export class FlowModel implements IFollower {
  constructor(
    private readonly api: Pick<IApi, 'status' | 'createProject'>,
    readonly watch: Watch
  ) {
    watch.changed.connect(this.folderMayHaveChanged, this);
  }

  get state(): IFlowState {
    return this._state;
  }

  /** The state is another one, here or of the watch. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A project was made in the folder of this path. */
  get created(): ISignal<this, string> {
    return this._created;
  }

  /** The folder of the project around a folder, as far as it is known. */
  projectAround(folder: string): string {
    const root = this._state.status?.folder ?? null;
    return root !== null && isWithin(folder, root) ? root : folder;
  }

  /** One of the viewers is seen, or no longer. */
  seen(viewer: object, visible: boolean): void {
    if (visible) {
      this._viewers.add(viewer);
      this.watch.follow(this);
    } else if (this._viewers.delete(viewer) && this._viewers.size === 0) {
      this.watch.leave(this);
    }
  }

  async ask(folder: string): Promise<() => void> {
    const status = await this.api.status(folder);
    return () => this.update({ status });
  }

  /** Look once, where nobody sees a viewer that is kept up to date. */
  async peek(): Promise<void> {
    const { folder } = this.watch.state;
    try {
      const show = await this.ask(folder);
      if (folder === this.watch.state.folder) {
        show();
      }
    } catch {
      this.forget(); // in no project, or the server is gone
    }
  }

  forget(): void {
    this.update({ status: null });
  }

  /** Make the folder a project; a refusal is in the state. */
  async createProject(): Promise<void> {
    const { folder } = this.watch.state;
    this.update({ creating: true, refusal: null });
    try {
      await this.api.createProject(folder);
      this._created.emit(folder);
      await this.watch.refresh();
    } catch (error) {
      this.update({ refusal: problemOf(error) });
    } finally {
      this.update({ creating: false });
    }
  }

  dispose(): void {
    this.watch.leave(this);
    Signal.clearData(this);
  }

  private folderMayHaveChanged(): void {
    const { folder } = this.watch.state;
    if (folder !== this._folder) {
      this._folder = folder;
      this._state = { ...this._state, refusal: null };
    }
    this._changed.emit();
  }

  private update(change: Partial<IFlowState>): void {
    this._state = { ...this._state, ...change };
    this._changed.emit();
  }

  private _state: IFlowState = { status: null, creating: false, refusal: null };
  private _folder = '';
  private readonly _viewers = new Set<object>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _created = new Signal<this, string>(this);
}
