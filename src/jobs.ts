import { Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { IApi, JobWish, problemOf } from './api';
import { JobLog, showLog } from './joblog';
import { said, tellProblem, waysOn } from './problems';
import { IJob, IJobPrinted, IJobChanged } from './types';

/** How long to wait before a lost stream is asked for again. */
const AGAIN_MS = 2000;

/** Long work: each job that runs is a notification with its progress and a way to stop it. */
export class Jobs {
  constructor(
    private readonly api: Pick<
      IApi,
      'jobs' | 'job' | 'startJob' | 'cancelJob' | 'jobStream'
    >,
    private readonly trans: TranslationBundle
  ) {}

  /** A job began, or stands otherwise than before. */
  get changed(): ISignal<this, { folder: string; job: IJob }> {
    return this._changed;
  }

  /** Begin a job and show it. A refusal is shown, too. */
  async start(
    folder: string,
    wish: JobWish,
    kernel: string | null
  ): Promise<void> {
    try {
      this.follow(folder, await this.api.startJob(folder, wish, kernel));
    } catch (error) {
      tellProblem(problemOf(error), this.trans);
    }
  }

  /** Show the jobs that still run, such as those from before a reload. */
  async resume(folder: string): Promise<void> {
    if (!this._resumed.has(folder)) {
      this._resumed.add(folder);
      try {
        const { items } = await this.api.jobs(folder);
        items.filter(job => !isOver(job)).map(job => this.follow(folder, job));
      } catch (reason) {
        this._resumed.delete(folder); // the next status asks again
        console.debug('e2e-lab: the jobs are not known', reason);
      }
    }
  }

  dispose(): void {
    this._poll.dispose();
    const all = [...this._shown.values()];
    this._shown.clear(); // none of them is lost now
    all.forEach(({ stream }) => stream?.close());
  }

  private follow(folder: string, job: IJob): void {
    if (this._shown.has(job.id)) {
      return;
    }
    const log = new JobLog();
    const toast = Notification.emit(this.words(job), 'in-progress', {
      autoClose: false,
      actions: this.whileRunning(folder, job, log)
    });
    const shown: IShown = { folder, toast, log, job, stream: null };
    this._shown.set(job.id, shown);
    // JupyterLab loses what is told while it draws its first notification.
    setTimeout(() => this.put(shown), AGAIN_MS);
    this._changed.emit({ folder, job });
    if (isOver(job)) {
      this.show(job);
    } else {
      this.listen(job.id);
    }
  }

  /** The same from the beginning, so that no button moves under the mouse. */
  private whileRunning(
    folder: string,
    job: IJob,
    log: JobLog
  ): Notification.IAction[] {
    return [this.details(job.title, log), this.cancelling(folder, job)];
  }

  private cancelling(folder: string, job: IJob): Notification.IAction {
    return {
      label: this.trans.__('Cancel'),
      callback: event => {
        event.preventDefault(); // the notification stays until the job has ended
        void this.api.cancelJob(folder, job.id).then(
          now => this.show(now),
          error => tellProblem(problemOf(error), this.trans)
        );
      }
    };
  }

  private listen(id: string): void {
    const shown = this._shown.get(id);
    if (!shown) {
      return;
    }
    const { folder, log } = shown;
    const stream = this.api.jobStream(folder, id, log.next);
    shown.stream = stream;
    stream.onmessage = ({ data }) => {
      const told = JSON.parse(String(data)) as IJobChanged | IJobPrinted;
      if (told.type === 'job') {
        this.show(told.job);
      } else if (told.type === 'log') {
        log.append(told.text, told.next);
        this.show(shown.job);
      }
    };
    stream.onclose = () => {
      if (this._shown.has(id)) {
        shown.stream = null;
        this.lose(id);
      }
    };
  }

  /** The stream ended before the job: REST has the truth, asked for ever less often while nobody answers. */
  private lose(id: string): void {
    this._lost.add(id);
    if (this._lost.size === 1) {
      void this._poll.schedule({ phase: 'started', interval: AGAIN_MS });
    }
  }

  private async findLost(): Promise<void> {
    for (const id of [...this._lost]) {
      const shown = this._shown.get(id);
      if (shown) {
        await this.find(id, shown);
      }
      this._lost.delete(id);
      this.listen(id);
    }
    if (this._lost.size === 0) {
      void this._poll.stop();
    }
  }

  private async find(id: string, { folder, toast }: IShown): Promise<void> {
    try {
      this.show(await this.api.job(folder, id));
    } catch (error) {
      const problem = problemOf(error);
      if (problem.code === 'network') {
        throw problem; // the poll waits longer after each failure
      }
      this._shown.delete(id);
      Notification.dismiss(toast);
      tellProblem(problem, this.trans);
    }
  }

  private show(job: IJob): void {
    const shown = this._shown.get(job.id);
    if (!shown) {
      return;
    }
    shown.job = job;
    this._changed.emit({ folder: shown.folder, job });
    if (isOver(job)) {
      this._shown.delete(job.id);
    }
    this.put(shown);
  }

  private put({ folder, toast: id, log, job }: IShown): void {
    const message = this.words(job);
    if (!isOver(job)) {
      const actions = this.whileRunning(folder, job, log);
      Notification.update({ id, message, actions });
      return;
    }
    const details = log.text ? [this.details(job.title, log)] : [];
    Notification.update({
      id,
      message,
      type: job.state === 'done' ? 'success' : job.error ? 'error' : 'info',
      actions: job.error
        ? [...details, ...waysOn(job.error, this.trans)]
        : details,
      autoClose: job.error ? false : 8000
    });
  }

  private details(title: string, log: JobLog): Notification.IAction {
    return {
      label: this.trans.__('Log'),
      caption: this.trans.__('Show what the job has printed'),
      callback: event => {
        event.preventDefault();
        void showLog(title, log, this.trans);
      }
    };
  }

  private words(job: IJob): string {
    switch (job.state) {
      case 'done':
        return job.answer ?? job.title;
      case 'failed':
        return job.error ? said(job.error) : job.title;
      case 'cancelled':
        return this.trans.__('Cancelled: %1', job.title);
      default:
        return `${job.title}\n${this.standing(job)}`;
    }
  }

  /** What a job does now, and how much of it is done: JupyterLab's notifications draw no progress. */
  private standing(job: IJob): string {
    const now = job.said || this.trans.__('beginning');
    return job.progress === null
      ? `${now} …`
      : `${now} · ${Math.floor(job.progress * 100)} %`;
  }

  private readonly _poll = new Poll({
    auto: false,
    name: 'e2e-lab:jobs',
    factory: () => this.findLost(),
    frequency: { interval: AGAIN_MS, backoff: true, max: 60_000 },
    standby: 'when-hidden'
  });
  private readonly _shown = new Map<string, IShown>();
  private readonly _changed = new Signal<this, { folder: string; job: IJob }>(
    this
  );
  private readonly _lost = new Set<string>();
  private readonly _resumed = new Set<string>();
}

/** A job that runs, and its notification. */
interface IShown {
  readonly folder: string;
  readonly toast: string;
  readonly log: JobLog;
  job: IJob;
  stream: WebSocket | null;
}

/** Whether nothing more will happen. */
export function isOver(job: IJob): boolean {
  return !['queued', 'running'].includes(job.state);
}
