import {
  Dialog,
  InputDialog,
  Notification,
  showDialog
} from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { IApi, problemOf } from '../api';
import { askForRegister } from '../experiments/register';
import { JobLog, showLog } from '../joblog';
import { Jobs } from '../jobs';
import { Kernels } from '../kernel/model';
import { tellProblem } from '../problems';
import { IJob, IRegisteredVersion } from '../types';
import { Watch } from '../watch';

/** Among so many runs is the one whose model is to be registered. */
const NEWEST = 200;

/** What can be done with models and services; what changes something says so, with the way back. */
export class ModelActions {
  constructor(
    private readonly api: Pick<
      IApi,
      | 'runs'
      | 'stopService'
      | 'setAlias'
      | 'removeAlias'
      | 'cancelJob'
      | 'jobLog'
    >,
    private readonly watch: Watch,
    private readonly kernels: Kernels,
    private readonly jobs: Jobs,
    private readonly trans: TranslationBundle
  ) {}

  /** Give a run's model a name and a version. */
  async register(folder: string, named: string): Promise<void> {
    await this.told(async () => {
      const { items } = await this.api.runs(folder, { limit: NEWEST });
      const run = items.find(
        ({ id, models, name }) =>
          models.length > 0 && (name === named || id.startsWith(named))
      );
      const args = run && (await askForRegister(run, this.trans));
      if (args) {
        const kernel = this.kernels.workspace?.kernel ?? null;
        await this.jobs.start(folder, { kind: 'register', args }, kernel);
      }
    });
  }

  /** Make a version a service that answers as it does. */
  async package(folder: string, ref: string): Promise<void> {
    const kernel = this.kernels.workspace?.kernel ?? null;
    await this.jobs.start(folder, { kind: 'package', args: { ref } }, kernel);
  }

  /** Serve a package; in the place of another version where one runs. */
  async serve(
    folder: string,
    ref: string,
    instead: string | null = null
  ): Promise<void> {
    const { trans } = this;
    if (instead) {
      const { button } = await showDialog({
        title: trans.__('Serve %1 in the place of %2?', ref, instead),
        body: trans.__(
          'Who asks the service gets the answers of the other model, at a new address with a new token.'
        ),
        buttons: [
          Dialog.cancelButton(),
          Dialog.okButton({ label: trans.__('Serve %1', ref) })
        ]
      });
      if (!button.accept) {
        return;
      }
    }
    const args = { ref, replace: instead !== null };
    const kernel = this.kernels.workspace?.kernel ?? null;
    await this.jobs.start(folder, { kind: 'serve', args }, kernel);
  }

  /** End a service. */
  async stop(folder: string, name: string): Promise<void> {
    const { trans } = this;
    await this.told(async () => {
      const stopped = await this.api.stopService({ folder, name });
      const ref = `${stopped.name}@v${stopped.version}`;
      Notification.info(trans.__('%1 was stopped', ref), {
        autoClose: 8000,
        actions: [
          {
            label: trans.__('Serve again'),
            callback: () => void this.serve(folder, ref)
          }
        ]
      });
    });
  }

  /** Give a version an alias, which another may have till now. */
  async setAlias(folder: string, of: IRegisteredVersion): Promise<void> {
    const { trans } = this;
    const { value } = await InputDialog.getText({
      title: trans.__('Alias of %1', of.ref),
      label: trans.__(
        'Such as champion, which is what %1 alone means',
        of.name
      ),
      text: of.aliases.includes('champion') ? '' : 'champion',
      okLabel: trans.__('Set')
    });
    const alias = value?.trim();
    if (alias) {
      const wish = { alias, version: of.version };
      await this.told(
        async () => {
          const now = await this.api.setAlias(folder, of.name, wish);
          this.say(
            [trans.__('%1 is %2 now', of.ref, alias), ...now.notes].join(' · ')
          );
        },
        trans.__('%1 becomes %2 …', of.ref, alias)
      );
    }
  }

  /** Take an alias away from a version. */
  async removeAlias(folder: string, of: IRegisteredVersion): Promise<void> {
    const { trans } = this;
    const [first, ...others] = of.aliases;
    const chosen = others.length
      ? (
          await InputDialog.getItem({
            title: trans.__('Remove an alias of %1', of.ref),
            items: [...of.aliases],
            okLabel: trans.__('Remove')
          })
        ).value
      : first;
    if (chosen) {
      await this.told(
        async () => {
          await this.api.removeAlias(folder, of.name, chosen);
          this.say(trans.__('%1 is not %2 any more', of.ref, chosen));
        },
        trans.__('Removing %1 …', chosen)
      );
    }
  }

  /** Stop work that goes on. */
  async cancel(folder: string, job: IJob): Promise<void> {
    await this.told(() => this.api.cancelJob(folder, job.id));
  }

  /** Show what some work has printed. */
  async showLog(folder: string, job: IJob): Promise<void> {
    await this.told(async () => {
      const log = new JobLog();
      const text = await this.api.jobLog(folder, job.id);
      log.append(text || this.trans.__('It has printed nothing.'), 0);
      await showLog(job.title, log, this.trans);
    });
  }

  private say(words: string): void {
    Notification.info(words, { autoClose: 8000 });
  }

  /** Do something, and tell what goes on while it takes long (MLflow is loaded first), and what went wrong. */
  private async told(work: () => Promise<unknown>, going = ''): Promise<void> {
    const toast = going
      ? Notification.emit(going, 'in-progress', { autoClose: false })
      : null;
    try {
      await work();
      await this.watch.refresh();
    } catch (error) {
      tellProblem(problemOf(error), this.trans);
    } finally {
      if (toast) {
        Notification.dismiss(toast);
      }
    }
  }
}
