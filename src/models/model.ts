import { ApiError, IApi } from '../api';
import { Jobs, isOver } from '../jobs';
import { Part } from '../part';
import { IJob, IPackage, IRegisteredVersion, IServiceEntry } from '../types';
import { Watch } from '../watch';

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

const NOTHING: IModelsState = {
  versions: null,
  services: [],
  job: null,
  selected: null,
  packaged: null
};

const KINDS = ['package', 'serve'];

/** What names a version or a service in the lists. */
export function keyOf(item: IRegisteredVersion | IServiceEntry): string {
  return 'state' in item ? `service ${item.name}` : `model ${item.ref}`;
}

/** The registered models and the services of the project. */
export class ModelsModel extends Part<IModelsState> {
  constructor(
    private readonly api: Pick<IApi, 'models' | 'services' | 'jobs'>,
    watch: Watch,
    jobs: Pick<Jobs, 'changed'>
  ) {
    super(watch, NOTHING);
    jobs.changed.connect((_, { folder, job }) => {
      if (folder === watch.state.folder && KINDS.includes(job.kind)) {
        this.follow(job);
      }
    });
  }

  async ask(folder: string): Promise<() => void> {
    const done = this._done;
    const [versions, services, jobs] = await Promise.all([
      this.api.models(folder),
      this.api.services(folder),
      this.api.jobs(folder)
    ]);
    const newest = jobs.items.find(({ kind }) => KINDS.includes(kind)) ?? null;
    return () => {
      this._done = done === this._done ? null : this._done;
      this.update({ versions, services, ...done, job: this.shown(newest) });
    };
  }

  forget(): void {
    this._done = null;
    super.forget();
  }

  set selected(selected: string | null) {
    this.update({ selected });
  }

  get selectedVersion(): IRegisteredVersion | null {
    const { versions, selected } = this.state;
    return versions?.find(version => keyOf(version) === selected) ?? null;
  }

  get selectedService(): IServiceEntry | null {
    const { services, selected } = this.state;
    return services.find(service => keyOf(service) === selected) ?? null;
  }

  /** The service that a package belongs to, by the package's reference. */
  serviceOf(ref: string | null): IServiceEntry | null {
    const name = ref?.split('@')[0];
    return this.state.services.find(service => service.name === name) ?? null;
  }

  /** What went wrong with the newest work, until it was read. */
  get failure(): ApiError | null {
    const error = this.state.job?.error;
    return error ? new ApiError(error.code, error.message, error.hint) : null;
  }

  /** It was read: what was packaged last, or what went wrong. */
  dismiss(): void {
    const { job } = this.state;
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

  /** What came of work is shown together with the lists that it changed, so that no button moves twice. */
  private follow(job: IJob): void {
    if (job.state === 'done') {
      const packaged = job.kind === 'package' ? job.result : null;
      this._done = { packaged: packaged as unknown as IPackage | null };
    }
    if (!isOver(job)) {
      this.update({ job });
    } else {
      void this.watch.refresh();
    }
  }

  /** What was packaged since the lists were asked for; it is served since: nothing to tell of it any more. */
  private _done: Pick<IModelsState, 'packaged'> | null = null;
  private readonly _read = new Set<string>();
}
