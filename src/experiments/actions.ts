import { TranslationBundle } from '@jupyterlab/translation';

import { Jobs } from '../jobs';
import { Kernels } from '../kernel/model';
import { runLine } from '../notebook';
import { IFit, IRunEntry } from '../types';
import { askForKeep } from './keep';
import { askForRegister } from './register';

/** What can be done with models in the kernel and with runs. */
export class RunActions {
  constructor(
    private readonly kernels: Kernels,
    private readonly jobs: Pick<Jobs, 'start'>,
    private readonly trans: TranslationBundle
  ) {}

  /** Make a run of a model in the kernel, by a cell. */
  async keep(fit: IFit): Promise<void> {
    const { panel, workspace } = this.kernels;
    const scalars = workspace?.scalars ?? [];
    const line = panel && (await askForKeep(fit, scalars, this.trans));
    if (line) {
      this.kernels.show(panel);
      await runLine(panel, line);
    }
  }

  /** Whether a run has a model that can be registered. */
  canRegister(run: IRunEntry | null): boolean {
    return (run?.models.length ?? 0) > 0;
  }

  /** Give a run's model a name and a version. */
  async register(folder: string, run: IRunEntry): Promise<void> {
    const args = await askForRegister(run, this.trans);
    if (args) {
      const kernel = this.kernels.workspace?.kernel ?? null;
      await this.jobs.start(folder, { kind: 'register', args }, kernel);
    }
  }
}
