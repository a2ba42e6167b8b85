import { InputDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { FileDialog, IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';

import { FlowModel } from '../flow/model';
import { Jobs } from '../jobs';
import { IWorkspace, Kernels } from '../kernel/model';
import { loadLibrary, runLine } from '../notebook';
import { IStatus } from '../types';
import { isWithin } from '../watch';

/** The endings of the files that can become a dataset. */
const READ = /(\.csv|\.tsv|\.csv\.gz|\.tsv\.gz|\.parquet)$/i;

/** Whether a file is of a kind that can be read. */
export function isTable(path: string): boolean {
  return READ.test(path);
}

/** A name that a dataset may have, made of a file's. */
export function nameOf(path: string): string {
  const words = PathExt.basename(path)
    .replace(READ, '')
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}_-]+/gu, '_')
    .replace(/^[^\p{L}]+/u, '')
    .replace(/[_-]+$/, '')
    .slice(0, 63);
  return words || 'data';
}

/** The line that makes a file a dataset; IPython would read `{`, `}` and `$` as its own. */
export function ingestLine(path: string, name: string): string {
  const plain = /^[\p{L}\p{N}_@%+=:,./-]+$/u.test(path);
  const quoted = plain ? path : `'${path.replace(/'/g, `'"'"'`)}'`;
  return `%e2e ingest ${quoted.replace(/[{}$]/g, '$&$&')} --as ${name}`;
}

/** Whether a notebook's kernel works in the project that is shown, and can be asked to. */
export function canRunIn(
  workspace: IWorkspace | null,
  status: Pick<IStatus, 'path' | 'folder'>
): boolean {
  switch (workspace?.phase) {
    case 'live':
      return workspace.project === status.path;
    case 'not loaded':
      return (
        status.folder !== null &&
        isWithin(PathExt.dirname(workspace.path), status.folder)
      );
    default:
      return false;
  }
}

/** Files become raw datasets: by a cell of the notebook that is worked in, or by a job where there is none. */
export class Ingestion {
  constructor(
    private readonly parts: {
      browser: IDefaultFileBrowser | null;
      flow: FlowModel;
      kernels: Kernels;
      jobs: Jobs;
      localPath: (path: string) => string;
      trans: TranslationBundle;
    }
  ) {}

  /** Whether there is a project to write to, and a way to choose a file. */
  get possible(): boolean {
    const { browser, flow } = this.parts;
    return browser !== null && (flow.state.status?.writable ?? false);
  }

  /** Ask for a file and a name, and make it a dataset. */
  async ask(): Promise<void> {
    const path = await this.choose();
    const name = path && (await this.name(path));
    if (path && name) {
      await this.ingest(path, name);
    }
  }

  /** Ask for a name, and make this file a dataset. */
  async keep(path: string): Promise<void> {
    const name = await this.name(path);
    if (name) {
      await this.ingest(path, name);
    }
  }

  private async choose(): Promise<string | null> {
    const { browser, flow, trans } = this.parts;
    const { status } = flow.state;
    if (!browser || !status) {
      return null;
    }
    let folder = status.folder ?? '';
    for (;;) {
      const { button, value } = await FileDialog.getOpenFiles({
        manager: browser.model.manager,
        title: trans.__('Ingest a file into %1', status.project),
        label: trans.__('A CSV or Parquet file becomes a raw dataset.'),
        defaultPath: `/${folder}`,
        filter: ({ type, name }) =>
          type === 'directory' || isTable(name) ? {} : null
      });
      const chosen = value?.[0];
      if (!button.accept || !chosen) {
        return null;
      }
      const path = this.parts.localPath(chosen.path);
      if (chosen.type !== 'directory') {
        return path;
      }
      folder = path; // a folder is gone into
    }
  }

  private async name(path: string): Promise<string | null> {
    const { trans } = this.parts;
    const { value } = await InputDialog.getText({
      title: trans.__('Ingest %1', PathExt.basename(path)),
      label: trans.__('Name of the dataset'),
      text: nameOf(path),
      okLabel: trans.__('Ingest')
    });
    return value?.trim() || null;
  }

  private async ingest(path: string, name: string): Promise<void> {
    const { flow, jobs, kernels } = this.parts;
    const { panel, workspace } = kernels;
    const { status } = flow.state;
    if (panel && workspace && status && canRunIn(workspace, status)) {
      const from = PathExt.dirname(workspace.path);
      const line = ingestLine(PathExt.relative(from, path), name);
      await this.run(panel, workspace, line);
    } else {
      const folder = status?.folder ?? flow.watch.state.folder;
      await jobs.start(folder, { kind: 'ingest', args: { path, name } }, null);
    }
  }

  private async run(
    panel: NotebookPanel,
    { phase }: IWorkspace,
    line: string
  ): Promise<void> {
    this.parts.kernels.show(panel);
    if (phase === 'live' || (await loadLibrary(panel))) {
      await runLine(panel, line);
    }
  }
}
