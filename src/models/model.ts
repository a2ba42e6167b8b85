import { ISignal, Signal } from '@lumino/signaling';

import { ApiError, IApi } from '../api';
import { Jobs, isOver } from '../jobs';
import { IJob, IPackage, IRegisteredVersion, IServiceEntry } from '../types';
import { IFollower, Watch, isWithin } from '../watch';

/** What the panel of models and services shows. */
export interface IModelsState {
  readonly versions: readonly IRegisteredVersion[] | null;
  readonly services: readonly IServiceEntry[];
  /** The newest work of packaging or serving that somebody asked for. */
  readonly job: IJob | null;
  /** A version or a service, as `keyOf` says it. */
  readonly selected: string | null;
  /** What was packaged last while somebody looked. */
  readonly packaged: IPackage | null;
}

const KINDS = ['package', 'serve'];

/** What names a version or a service in the lists. */
export function keyOf(item: IRegisteredVersion | IServiceEntry): string {
  return 'state' in item ? `service ${item.name}` : `model ${item.ref}`;
}

/** The registered models and the services of the project. */
export class ModelsModel implements IFollower {
  constructor(
    private readonly api: Pick<IApi, 'models' | 'services' | 'jobs'>,
    readonly watch: Watch,
    jobs: Pick<Jobs, 'changed'>
  ) {
    watch.changed.connect(() => this.mayHaveLeft());
    jobs.changed.connect((_, { folder, job }) => {
      if (folder === watch.state.folder && KINDS.includes(job.kind)) {
        this.follow(job);
      }
    });
  }

  get state(): IModelsState {
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
    const [versions, services, jobs] = await Promise.all([
      this.api.models(folder),
      this.api.services(folder),
      this.api.jobs(folder)
    ]);
    const newest = jobs.items.find(({ kind }) => KINDS.includes(kind)) ?? null;
    return () => this.update({ versions, services, job: this.shown(newest) });
  }

  forget(): void {
    this.update({
      ...{ versions: null, services: [], job: null },
      ...{ selected: null, packaged: null }
    });
  }

  set selected(selected: string | null) {
    this.update({ selected });
  }

  get selectedVersion(): IRegisteredVersion | null {
    const { versions, selected } = this._state;
    return versions?.find(version => keyOf(version) === selected) ?? null;
  }

  get selectedService(): IServiceEntry | null {
    const { services, selected } = this._state;
    return services.find(service => keyOf(service) === selected) ?? null;
  }

  /** The service that a package belongs to, by the package's reference. */
  serviceOf(ref: string | null): IServiceEntry | null {
    const name = ref?.split('@')[0];
    return this._state.services.find(service => service.name === name) ?? null;
  }

  /** What went wrong with the newest work, until it was read. */
  get failure(): ApiError | null {
    const error = this._state.job?.error;
    return error ? new ApiError(error.code, error.message, error.hint) : null;
  }

  /** It was read: what was packaged last, or what went wrong. */
  dismiss(): void {
    const { job } = this._state;
    if (job && isOver(job)) {
      this._read.add(job.id);
    }
    this.update({ packaged: null, job: this.shown(job) });
  }

  /** Of work that is over only a failure is shown, and once. */
  private shown(job: IJob | null): IJob | null {
    const done = job && isOver(job) && (!job.error || this._read.has(job.id));
    return done ? null : job;
  }

  private follow(job: IJob): void {
    const { result } = job;
    if (job.kind === 'package' && job.state === 'done' && result) {
      this.update({ packaged: result as unknown as IPackage });
    }
    this.update({ job: this.shown(job) });
    if (isOver(job)) {
      void this.watch.refresh();
    }
  }

  /** Models of another project must not stand under the name of this one. */
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

  private update(change: Partial<IModelsState>): void {
    this._state = { ...this._state, ...change };
    this._changed.emit();
  }

  private _state: IModelsState = {
    versions: null,
    services: [],
    job: null,
    selected: null,
    packaged: null
  };
  private _folder = '';
  private readonly _read = new Set<string>();
  private readonly _changed = new Signal<this, void>(this);
}
