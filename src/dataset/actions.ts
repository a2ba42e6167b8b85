import { InputDialog, Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';

import { ISignal, Signal } from '@lumino/signaling';

import { IApi, problemOf } from '../api';
import { Jobs } from '../jobs';
import { Kernels } from '../kernel/model';
import { loadLibrary, runLine } from '../notebook';
import { tellProblem } from '../problems';
import { Watch } from '../watch';

/** A version of a dataset in the project around a folder. */
export interface ITarget {
  readonly folder: string;
  readonly name: string;
  /** As in `name@selector`. */
  readonly selector: string;
}

/** What can be done with a dataset; what changes something says so, with the way back. */
export class DatasetActions {
  constructor(
    private readonly api: Pick<
      IApi,
      'renameDataset' | 'removeDataset' | 'restoreDataset'
    >,
    private readonly watch: Watch,
    private readonly kernels: Kernels,
    private readonly jobs: Jobs,
    private readonly trans: TranslationBundle
  ) {}

  /** A dataset has another name. */
  get renamed(): ISignal<this, { folder: string; old: string; now: string }> {
    return this._renamed;
  }

  /** Whether there is a notebook to load into. */
  get canLoad(): boolean {
    return Boolean(this.kernels.panel);
  }

  /** Load a version into the current notebook, by a cell. */
  async load({ name, selector }: ITarget): Promise<void> {
    const panel = this.kernels.panel;
    if (panel) {
      this.kernels.show(panel);
      const phase = await this.kernels.settled(panel);
      if (phase !== 'not loaded' || (await loadLibrary(panel))) {
        await runLine(panel, `%e2e load ${name}@${selector}`);
      }
    }
  }

  /** Write a version to a file of its own. */
  async export({ folder, name, selector }: ITarget): Promise<void> {
    const { trans } = this;
    const { value } = await InputDialog.getText({
      title: trans.__('Export %1@%2', name, selector),
      label: trans.__('To the Parquet file'),
      text: PathExt.join(folder, `${name}.parquet`),
      okLabel: trans.__('Export')
    });
    if (value?.trim()) {
      const args = { ref: `${name}@${selector}`, path: value.trim() };
      const kernel = this.kernels.workspace?.kernel ?? null;
      await this.jobs.start(folder, { kind: 'export', args }, kernel);
    }
  }

  /** Prove that versions, or all that is stored, are intact. */
  async verify(folder: string, refs: readonly string[] = []): Promise<void> {
    const kernel = this.kernels.workspace?.kernel ?? null;
    await this.jobs.start(folder, { kind: 'verify', args: { refs } }, kernel);
  }

  /** Give the dataset another name. */
  async rename({ folder, name }: ITarget): Promise<void> {
    const { trans } = this;
    const { value } = await InputDialog.getText({
      title: trans.__('Rename %1', name),
      label: trans.__('New name'),
      text: name,
      okLabel: trans.__('Rename')
    });
    const wish = value?.trim();
    if (wish && wish !== name) {
      await this.renameTo(folder, name, wish);
    }
  }

  /** Take the dataset out of the project; history and store keep it. */
  async remove({ folder, name }: ITarget): Promise<boolean> {
    const { trans } = this;
    return this.change(async () => {
      const { version } = await this.api.removeDataset(folder, name);
      this.tell(
        trans.__(
          '%1 is no longer in the project; its versions are kept.',
          name
        ),
        () => this.restore({ folder, name, selector: `v${version}` })
      );
    });
  }

  /** Make a version the current one again. */
  async restore({ folder, name, selector }: ITarget): Promise<boolean> {
    const { trans } = this;
    return this.change(async () => {
      const { saved } = await this.api.restoreDataset({
        folder,
        name,
        selector
      });
      const before = saved?.split('@')[1];
      this.tell(
        trans.__('%1 is %2 again.', name, selector),
        before && before !== selector
          ? () => this.restore({ folder, name, selector: before })
          : null
      );
    });
  }

  private renameTo(folder: string, name: string, to: string) {
    return this.change(async () => {
      const { old, new: now } = await this.api.renameDataset(folder, name, to);
      this._renamed.emit({ folder, old, now });
      this.tell(this.trans.__('%1 is now %2.', old, now), () =>
        this.renameTo(folder, now, old)
      );
    });
  }

  /** Do it, and show it in the panels; a refusal is said. */
  private async change(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      tellProblem(problemOf(error), this.trans);
      return false;
    } finally {
      await this.watch.refresh();
    }
  }

  private tell(words: string, undo: (() => unknown) | null): void {
    Notification.success(words, {
      autoClose: undo ? 10_000 : 4000,
      actions: undo
        ? [{ label: this.trans.__('Undo'), callback: () => void undo() }]
        : []
    });
  }

  private readonly _renamed = new Signal<
    this,
    { folder: string; old: string; now: string }
  >(this);
}
