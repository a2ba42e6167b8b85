import { JupyterFrontEnd } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import { DocumentWidget } from '@jupyterlab/docregistry';
import { Contents, ServerConnection } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import { saveDocument } from '../saving';
import { isWithin } from '../watch';

/** The files that are open in Lab, as far as committing and restoring touch them. */
export class Documents {
  constructor(private readonly app: JupyterFrontEnd) {}

  /** Write what is open in a folder and not saved yet to the disk. */
  async save(folder: string): Promise<void> {
    for (const { context } of this.below(folder)) {
      if (context.model.dirty && !context.model.readOnly) {
        await saveDocument(this.app, context);
      }
    }
  }

  /** The names of what is open in a folder and not saved yet. */
  unsaved(folder: string): string[] {
    return this.below(folder)
      .filter(({ context: { model } }) => model.dirty && !model.readOnly)
      .map(({ context }) => PathExt.basename(context.path));
  }

  /** Show the files at these paths as they are on the disk now; those that are gone are closed. */
  async reload(folder: string, paths: readonly string[]): Promise<void> {
    const wanted = new Set(paths);
    for (const widget of this.below(folder)) {
      const { context } = widget;
      if (!wanted.has(this.localPath(context.path))) {
        continue;
      }
      if (await this.isThere(context.path)) {
        await context.revert();
      } else {
        widget.close();
      }
    }
    this.tell(folder);
  }

  /** As after a save: the file browser looks again, and jupyterlab-git where it is installed. */
  tell(folder: string): void {
    const { fileChanged } = this.app.serviceManager.contents;
    const signal = fileChanged as Signal<unknown, Contents.IChangedArgs>;
    const newValue = { path: PathExt.join(folder, 'e2e.toml') };
    signal.emit({ type: 'save', oldValue: null, newValue });
  }

  private async isThere(path: string): Promise<boolean> {
    try {
      const { contents } = this.app.serviceManager;
      await contents.get(path, { content: false });
      return true;
    } catch (error) {
      const { response } = error as Partial<ServerConnection.ResponseError>;
      return response?.status !== 404;
    }
  }

  /** Each document once, however many views it has. */
  private below(folder: string): DocumentWidget[] {
    const found = new Map<unknown, DocumentWidget>();
    for (const widget of this.app.shell.widgets('main')) {
      if (
        widget instanceof DocumentWidget &&
        isWithin(this.localPath(widget.context.path), folder)
      ) {
        found.set(widget.context, widget);
      }
    }
    return [...found.values()];
  }

  private localPath(path: string): string {
    return this.app.serviceManager.contents.localPath(path);
  }
}
