import { ISignal, Signal } from '@lumino/signaling';

import { IFollower, Watch, isWithin } from './watch';

/** A part of the project that a section of the sidebar shows; it is kept up to date while that can be seen. */
export abstract class Part<S extends object> implements IFollower {
  constructor(
    readonly watch: Watch,
    private readonly nothing: S
  ) {
    this._state = nothing;
    watch.changed.connect(() => this.mayHaveLeft());
  }

  get state(): S {
    return this._state;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  abstract ask(folder: string): Promise<() => void>;

  /** The section can be seen, or no longer. */
  seen(visible: boolean): void {
    if (visible) {
      this.watch.follow(this);
    } else {
      this.watch.leave(this);
    }
  }

  forget(): void {
    this.update(this.nothing);
  }

  /** Another project is looked at: what is of this one must not stand under its name. */
  protected leave(): void {
    this.forget();
  }

  protected update(change: Partial<S>): void {
    this._state = { ...this._state, ...change };
    this._changed.emit();
  }

  private mayHaveLeft(): void {
    const { folder } = this.watch.state;
    const left =
      !isWithin(folder, this._folder) && !isWithin(this._folder, folder);
    this._folder = folder;
    if (left) {
      this.leave();
    } else {
      this._changed.emit();
    }
  }

  protected readonly _changed = new Signal<this, void>(this);
  private _state: S;
  private _folder = '';
}
