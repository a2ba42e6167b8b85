import { ICodeCellModel } from '@jupyterlab/cells';
import {
  INotebookTracker,
  NotebookActions,
  NotebookPanel
} from '@jupyterlab/notebook';
import { ISignal, Signal } from '@lumino/signaling';

import { IApi } from '../api';
import { IKernelCheck, IKernelMade } from '../types';
import { ILinkState, KernelLink, LinkPhase } from './link';

/** The notebook that is worked in, as the panels show it. */
export interface IWorkspace extends ILinkState {
  readonly name: string;
  /** Where it is, under the server's root. */
  readonly path: string;
  /** The kernelspec, and the words for it. */
  readonly kernel: string | null;
  readonly kernelLabel: string;
  /** It has changes that are not on disk. */
  readonly unsaved: boolean;
}

/** The kernels of all open notebooks; the panels show that of the current one. */
export class Kernels {
  constructor(
    private readonly tracker: INotebookTracker,
    private readonly files: {
      /** A path as the server knows it. */
      localPath: (path: string) => string;
      /** Write a notebook to the disk. */
      save: (context: NotebookPanel['context']) => Promise<void>;
    },
    private readonly api: Pick<IApi, 'kernelCheck'>,
    /** Whether somebody looks, without which nothing is asked. */
    private readonly looking: () => boolean,
    /** Bring a notebook to the front. */
    private readonly activate: (panel: NotebookPanel) => void
  ) {
    tracker.forEach(panel => this.add(panel));
    tracker.widgetAdded.connect((_, panel) => this.add(panel));
    tracker.currentChanged.connect(() => {
      this._changed.emit();
      this.check();
    });
    NotebookActions.executionScheduled.connect((_, { notebook }) => {
      const panel = tracker.find(panel => panel.content === notebook);
      if (panel) {
        this._links.get(panel)?.scheduled();
      }
    });
    NotebookActions.executed.connect((_, { notebook, cell, error }) => {
      const panel = tracker.find(panel => panel.content === notebook);
      const link = panel && this._links.get(panel);
      if (link && isCode(cell.model)) {
        const { source } = cell.model.sharedModel;
        link.executed(source, error?.errorName ?? null);
      }
    });
  }

  /** Something about the current notebook or its kernel is otherwise. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A cell of any notebook has saved versions. */
  get made(): ISignal<this, IMadeThere> {
    return this._made;
  }

  /** A notebook was opened. */
  get added(): ISignal<this, KernelLink> {
    return this._added;
  }

  get links(): KernelLink[] {
    return [...this._links.values()];
  }

  /** The notebook that has, or had last, the focus. */
  get panel(): NotebookPanel | null {
    return this.tracker.currentWidget;
  }

  /** Let a notebook be seen, as where a cell is to run in it; one that is seen keeps its focus as it is. */
  show(panel: NotebookPanel): void {
    if (!panel.isVisible) {
      this.activate(panel);
    }
  }

  get workspace(): IWorkspace | null {
    const link = this.panel && this._links.get(this.panel);
    if (!link) {
      return null;
    }
    const { context, sessionContext } = link.panel;
    return {
      ...link.state,
      name: link.panel.title.label,
      path: link.path,
      kernel: sessionContext.session?.kernel?.name ?? null,
      kernelLabel: sessionContext.kernelDisplayName,
      unsaved: context.model.dirty
    };
  }

  /** Whether the library answers in a notebook's kernel, once that is known. */
  async settled(panel: NotebookPanel): Promise<LinkPhase> {
    return (await this._links.get(panel)?.settled()) ?? 'no kernel';
  }

  /** The folder that the server shows, once it is known. */
  set root(root: string) {
    if (root !== this._root) {
      this._root = root;
      this._links.forEach(link => link.tellPath());
    }
  }

  /** Ask the current kernel again, since somebody looks now. */
  ask(): void {
    this._checks.clear(); // somebody may have installed it meanwhile
    if (this.panel) {
      this._links.get(this.panel)?.ask();
      this.check();
    }
  }

  /** Where the library does not answer: is it not loaded, or not there at all? */
  private check(): void {
    const link = this.panel && this._links.get(this.panel);
    const name = this.workspace?.kernel;
    if (link?.state.phase !== 'not loaded' || !name || !this.looking()) {
      return;
    }
    const asked = this._checks.get(name) ?? this.api.kernelCheck(name);
    this._checks.set(name, asked);
    asked.then(
      ({ version, install }) => version === null && link.lacking(install),
      reason =>
        console.debug('e2e-lab: the kernel could not be checked', reason)
    );
  }

  private add(panel: NotebookPanel): void {
    const link = new KernelLink(panel, {
      root: () => this._root,
      ...this.files
    });
    this._links.set(panel, link);
    const tell = () => {
      if (panel === this.panel) {
        this._changed.emit();
      }
    };
    link.changed.connect(() => {
      tell();
      this.check();
    });
    link.made.connect((_, made) => {
      const { project } = link.state;
      this._made.emit({ panel, project, made });
    });
    panel.context.pathChanged.connect(tell);
    panel.context.model.stateChanged.connect((_, { name }) => {
      if (name === 'dirty') {
        tell();
      }
    });
    panel.disposed.connect(() => {
      this._links.delete(panel);
      this._changed.emit();
    });
    this._added.emit(link);
    tell();
  }

  private _root = '';
  /** By kernelspec, since its Python stays the same. */
  private readonly _checks = new Map<string, Promise<IKernelCheck>>();
  private readonly _links = new Map<NotebookPanel, KernelLink>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _added = new Signal<this, KernelLink>(this);
  private readonly _made = new Signal<this, IMadeThere>(this);
}

/** What a cell of a notebook saved, and in which project, where that is known. */
export interface IMadeThere {
  readonly panel: NotebookPanel;
  readonly project: string | null;
  readonly made: IKernelMade;
}

/** Whether a cell holds code. */
export function isCode(model: { type: string }): model is ICodeCellModel {
  return model.type === 'code';
}
