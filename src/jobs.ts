import { Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { ApiError, IApi, JobWish, problemOf } from './api';
import { typed } from './components/line';
import { IJob } from './types';

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

  /** Begin a job and show it. A refusal is shown, too. */
  async start(
    folder: string,
    wish: JobWish,
    kernel: string | null
  ): Promise<void> {
    try {
      this.follow(folder, await this.api.startJob(folder, wish, kernel));
    } catch (error) {
      tellProblem(problemOf(error));
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

  private follow(folder: string, job: IJob): void {
    if (this._shown.has(job.id)) {
      return;
    }
    const id = Notification.emit(this.words(job), 'in-progress', {
      autoClose: false,
      progress: job.progress ?? undefined,
      actions: [
        {
          label: this.trans.__('Cancel'),
          callback: event => {
            event.preventDefault(); // the notification stays until the job has ended
            void this.api.cancelJob(folder, job.id).then(
              now => this.show(now),
              error => tellProblem(problemOf(error))
            );
          }
        }
      ]
    });
    this._shown.set(job.id, id);
    if (isOver(job)) {
      this.show(job);
    } else {
      this.listen(folder, job.id);
    }
  }

  private listen(folder: string, id: string): void {
    const stream = this.api.jobStream(folder, id);
    stream.onmessage = ({ data }) => {
      const told = JSON.parse(String(data)) as { type: string; job: IJob };
      if (told.type === 'job') {
        this.show(told.job);
      }
    };
    stream.onclose = () => {
      if (this._shown.has(id)) {
        setTimeout(() => void this.again(folder, id), AGAIN_MS);
      }
    };
  }

  /** The stream ended before the job: REST has the truth. */
  private async again(folder: string, id: string): Promise<void> {
    try {
      this.show(await this.api.job(folder, id));
    } catch (error) {
      const problem = problemOf(error);
      if (problem.code !== 'network') {
        const shown = this._shown.get(id);
        this._shown.delete(id);
        Notification.dismiss(shown);
        tellProblem(problem);
        return;
      }
    }
    if (this._shown.has(id)) {
      this.listen(folder, id);
    }
  }

  private show(job: IJob): void {
    const id = this._shown.get(job.id);
    if (!id) {
      return;
    }
    if (!isOver(job)) {
      const progress = job.progress ?? undefined;
      Notification.update({ id, message: this.words(job), progress });
      return;
    }
    this._shown.delete(job.id);
    Notification.update({
      id,
      message: this.words(job),
      type: job.state === 'done' ? 'success' : job.error ? 'error' : 'info',
      progress: undefined,
      actions: [],
      autoClose: job.error ? false : 8000
    });
  }

  private words(job: IJob): string {
    switch (job.state) {
      case 'done':
        return job.answer ?? job.title;
      case 'failed':
        return job.error ? saying(job.error) : job.title;
      case 'cancelled':
        return this.trans.__('Cancelled: %1', job.title);
      default:
        return job.said ? `${job.title}\n${job.said}` : job.title;
    }
  }

  private readonly _shown = new Map<string, string>();
  private readonly _resumed = new Set<string>();
}

function isOver(job: IJob): boolean {
  return !['queued', 'running'].includes(job.state);
}

function saying(problem: { message: string; hint: string }): string {
  const { message, hint } = problem;
  return hint ? `${message}\n${typed(hint)}` : message;
}

/** Show a refusal that has no place of its own. */
export function tellProblem(problem: ApiError): void {
  Notification.error(saying(problem), { autoClose: false });
}
