import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';

import { ApiError, IApi, problemOf } from '../api';
import { FlowModel } from '../flow/model';
import { Kernels } from '../kernel/model';
import { ICommit, IJob } from '../types';
import { isWithin } from '../watch';
import { IIdentity, IWish, askForIdentity, askToRestore } from './dialogs';
import { Documents } from './documents';
import { ChangesModel } from './model';

/** How long to wait before a job is asked for again: the first time, and at most. */
const SOON_MS = 80;
const LATER_MS = 1000;

/** Refusals of a kernel's Python; without it, the lock of the environment stays as it is. */
const UNFIT = ['no_library', 'version_mismatch', 'unfit_python', 'not_found'];

/** What the panel can have done: commit, and go back. What comes of it is in the model. */
export class Changing {
  constructor(
    private readonly parts: {
      api: Pick<
        IApi,
        'startJob' | 'job' | 'cancelJob' | 'previewRestore' | 'restore'
      >;
      model: ChangesModel;
      flow: FlowModel;
      kernels: Kernels;
      documents: Documents;
      trans: TranslationBundle;
    }
  ) {}

  /** Whether there is a project, and it may be changed. */
  get writable(): boolean {
    return this.parts.flow.state.status?.writable ?? false;
  }

  /** The names of what is open and not saved; a commit saves it. */
  get unsaved(): readonly string[] {
    return this.parts.documents.unsaved(this.place().root);
  }

  /** Save what is open and commit all of it under the message of the model. */
  async commit(): Promise<void> {
    const { model, documents } = this.parts;
    const message = model.state.message.trim();
    if (!message || !this.writable) {
      return;
    }
    await this.doing('committing', async () => {
      const { folder, root } = this.place();
      await documents.save(root);
      const notes: string[] = [];
      const job = await this.begin(folder, message, notes);
      const done = job && (await this.over(folder, job));
      if (done?.error) {
        throw new ApiError(
          done.error.code,
          done.error.message,
          done.error.hint
        );
      }
      if (done?.state === 'done' && done.result) {
        const commit = done.result as unknown as ICommit;
        const answer = { kind: 'committed' as const, commit, notes };
        model.update({ answer, message: commit.changed ? '' : message });
        documents.tell(root);
      }
    });
  }

  /** Stop the commit that runs. */
  async cancel(): Promise<void> {
    const { api } = this.parts;
    if (this._job) {
      await api.cancelJob(this.place().folder, this._job.id);
    }
  }

  /** Show what going back to a revision would do, and do it if that is wanted; of `names` alone where any are given. */
  async restore(revision: string, names: readonly string[] = []) {
    const { api, model, documents, trans } = this.parts;
    await this.doing('restoring', async () => {
      const { folder, root } = this.place();
      if (this.writable) {
        await documents.save(root); // what is typed and not saved is kept, too
      }
      const plan = await api.previewRestore(folder, revision, names);
      if (await askToRestore(plan, names, this.writable, trans)) {
        const restored = await api.restore(folder, plan.id, names);
        const answer = { kind: 'restored' as const, restored };
        model.update({ answer: { ...answer, message: plan.message } });
        await this.reload(restored.files);
      }
    });
  }

  /** Make the folder a repository, where the project is in none. */
  async complete(): Promise<void> {
    const { flow, model } = this.parts;
    await flow.createProject();
    model.update({ problem: flow.state.refusal });
  }

  /** Put back what the last restore replaced. */
  async undo(): Promise<void> {
    const { api, model, documents } = this.parts;
    const { answer } = model.state;
    const saved = answer?.kind === 'restored' ? answer.restored.saved : null;
    if (saved) {
      await this.doing('restoring', async () => {
        const { folder, root } = this.place();
        await documents.save(root);
        const { files } = await api.restore(folder, saved, []);
        model.update({ answer: null });
        await this.reload(files);
      });
    }
  }

  /** Do one thing at a time, and show what came of it; a refusal is in the model. */
  private async doing(
    doing: 'committing' | 'restoring',
    work: () => Promise<void>
  ): Promise<void> {
    const { model } = this.parts;
    if (model.state.doing) {
      return;
    }
    model.update({ doing, problem: null, answer: null });
    try {
      await work();
    } catch (error) {
      model.update({ problem: problemOf(error) });
    } finally {
      model.update({ doing: null });
      await model.watch.refresh();
    }
  }

  /** The folder that is asked about, and the project's as far as the server shows it. */
  private place(): { folder: string; root: string } {
    const { flow, model } = this.parts;
    const { folder } = model.watch.state;
    const { status } = flow.state;
    return { folder, root: status ? (status.folder ?? '') : folder };
  }

  /** Show files of the project as they are on the disk now. */
  private async reload(files: readonly string[]): Promise<void> {
    const { root } = this.place();
    const { status } = this.parts.flow.state;
    const above = // a project may begin above what the server shows
      status?.folder === null
        ? `${PathExt.relative(status.path, status.root)}/`
        : '';
    const shown = files.filter(file => file.startsWith(above));
    await this.parts.documents.reload(
      root,
      shown.map(file => PathExt.join(root, file.slice(above.length)))
    );
  }

  /** Begin the job; who commits is asked for where git does not know. Null: not wanted any more. */
  private async begin(
    folder: string,
    message: string,
    notes: string[]
  ): Promise<IJob | null> {
    const { trans } = this.parts;
    let kernel = this.kernel();
    let identity: IIdentity | null = null;
    for (;;) {
      try {
        return await this.start(folder, { message, kernel, identity });
      } catch (error) {
        const problem = problemOf(error);
        if (problem.code === 'no_identity' && !identity) {
          identity = await askForIdentity(trans);
          if (!identity) {
            return null;
          }
        } else if (kernel !== null && UNFIT.includes(problem.code)) {
          kernel = null;
          notes.push(
            trans.__(
              'requirements.lock was left as it is: the Python of this notebook has not this e2e-lab'
            )
          );
        } else {
          throw problem;
        }
      }
    }
  }

  private start(folder: string, wish: IWish): Promise<IJob> {
    const { message, kernel, identity } = wish;
    const args = { message, lock: kernel !== null, ...identity };
    return this.parts.api.startJob(folder, { kind: 'commit', args }, kernel);
  }

  /** The kernel whose packages are locked: that of the notebook that is worked in, if it lies in the project. */
  private kernel(): string | null {
    const { workspace } = this.parts.kernels;
    const inside = workspace && isWithin(workspace.path, this.place().root);
    return inside && workspace.phase !== 'not python' ? workspace.kernel : null;
  }

  /** Wait for the end of a job. */
  private async over(folder: string, job: IJob): Promise<IJob> {
    let wait = SOON_MS;
    this._job = job;
    while (this._job.state === 'queued' || this._job.state === 'running') {
      await new Promise(resolve => setTimeout(resolve, wait));
      wait = Math.min(1.3 * wait, LATER_MS);
      this._job = await this.parts.api.job(folder, job.id);
    }
    const done = this._job;
    this._job = null;
    return done;
  }

  private _job: IJob | null = null;
}
