import { TranslationBundle } from '@jupyterlab/translation';
import { Cell } from '@jupyterlab/cells';
import { PathExt } from '@jupyterlab/coreutils';
import { NotebookPanel } from '@jupyterlab/notebook';

import { IApi } from '../api';
import { IKernelMade } from '../types';
import { Watch, isWithin } from '../watch';
import { KernelLink } from './link';
import { Kernels } from './model';

/** What a cell can have made, and how its mark is called. */
export interface IMarked {
  /** Tells this mark from others on the same cell. */
  readonly className: string;
  /** What the cells of a notebook made, newest first. */
  readonly ask: (
    folder: string,
    notebook: string
  ) => Promise<readonly { cell: string; ref: string }[]>;
  /** What a cell has just made. */
  readonly made: (made: IKernelMade) => string[];
  /** What stands on the mark, and the whole of it. */
  readonly short: (ref: string) => string;
  readonly whole: (ref: string) => string;
}

/** Snapshots, by their version. */
export function snapshots(api: Pick<IApi, 'origins'>): IMarked {
  return {
    className: 'e2e-mod-snapshot',
    ask: async (folder, path) => (await api.origins(folder, path)).items,
    made: ({ items }) => items.map(({ ref }) => ref),
    short: ref => ref.slice(ref.lastIndexOf('@') + 1),
    whole: ref => ref
  };
}

/** A small mark on each cell that made something, which opens it. */
export class Badges {
  constructor(
    private readonly kernels: Kernels,
    private readonly watch: Watch,
    private readonly marked: IMarked,
    private readonly trans: TranslationBundle,
    /** Show a version, from the notebook at this path. */
    private readonly open: (ref: string, notebook: string) => void
  ) {
    kernels.links.forEach(link => this.add(link));
    kernels.added.connect((_, link) => this.add(link));
    kernels.made.connect((_, { panel, made }) => {
      const refs = this.marked.made(made);
      if (made.cell && refs.length > 0) {
        this.marks(panel).set(made.cell, refs);
        this.draw(panel);
      }
    });
    watch.changed.connect(() => this.askAll());
  }

  private add(link: KernelLink): void {
    const { panel } = link;
    const redraw = () => this.draw(panel);
    let live = false;
    link.changed.connect(() => {
      const was = live;
      live = link.state.phase === 'live';
      if (live && !was) {
        this._asked.delete(panel); // what cells made before the kernel could tell is in the project
        this.askAll();
      }
    });
    void panel.context.ready.then(() => {
      panel.content.model?.cells.changed.connect(redraw);
      this.askAll();
    });
    panel.disposed.connect(() => {
      this._marks.delete(panel);
      this._asked.delete(panel);
    });
  }

  /** Ask which cells made what: once a notebook and place, and only while the project is being looked at anyhow. */
  private askAll(): void {
    if (this.watch.state.phase !== 'project' || !this.watch.looking) {
      return;
    }
    const { folder } = this.watch.state;
    for (const { panel, path } of this.kernels.links) {
      const own = PathExt.dirname(path); // a project below the one that is looked at may be its own
      const near = isWithin(path, folder);
      if (near && panel.context.isReady && this._asked.get(panel) !== own) {
        this._asked.set(panel, own);
        void this.ask(panel, own, path);
      }
    }
  }

  private async ask(
    panel: NotebookPanel,
    folder: string,
    path: string
  ): Promise<void> {
    try {
      const items = await this.marked.ask(folder, path);
      const marks = this.marks(panel);
      for (const { cell, ref } of [...items].reverse()) {
        if (!marks.get(cell)?.includes(ref)) {
          marks.set(cell, [ref]); // the newest that the cell made
        }
      }
      this.draw(panel);
    } catch (reason) {
      this._asked.delete(panel);
      console.debug('e2e-lab: what the cells made is not known', reason);
    }
  }

  private marks(panel: NotebookPanel): Map<string, string[]> {
    const marks = this._marks.get(panel) ?? new Map<string, string[]>();
    this._marks.set(panel, marks);
    return marks;
  }

  /** Put the marks on the cells, once the page is drawn next. */
  private draw(panel: NotebookPanel): void {
    if (this._due.has(panel) || !this._marks.get(panel)?.size) {
      return;
    }
    this._due.add(panel);
    requestAnimationFrame(() => {
      this._due.delete(panel);
      for (const cell of panel.isDisposed ? [] : panel.content.widgets) {
        const refs = this._marks.get(panel)?.get(cell.model.id);
        if (refs) {
          this.wait(cell, panel);
          this.mark(cell.node, refs, panel);
        }
      }
    });
  }

  /** Below the fold a cell is a placeholder at first, without the part that carries the mark. */
  private wait(cell: Cell, panel: NotebookPanel): void {
    if (!this._awaited.has(cell)) {
      this._awaited.add(cell);
      const redraw = () => this.draw(panel);
      cell.inViewportChanged.connect(redraw);
      void cell.ready.then(redraw);
    }
  }

  private mark(
    cell: HTMLElement,
    refs: readonly string[],
    panel: NotebookPanel
  ): void {
    const area = cell.querySelector<HTMLElement>('.jp-Cell-inputWrapper');
    if (!area) {
      return;
    }
    let badge = area.querySelector<HTMLButtonElement>(
      `.e2e-Badge.${this.marked.className}`
    );
    if (!badge) {
      badge = document.createElement('button');
      badge.type = 'button';
      badge.className = `e2e-Badge ${this.marked.className}`;
      area.append(badge);
    }
    const said = refs.map(this.marked.whole).join(', ');
    const last = refs[refs.length - 1];
    badge.textContent = this.marked.short(last);
    badge.title = this.trans.__('This cell made %1', said);
    badge.setAttribute('aria-label', badge.title);
    badge.onclick = event => {
      event.stopPropagation();
      this.open(last, panel.context.path);
    };
  }

  private readonly _marks = new Map<NotebookPanel, Map<string, string[]>>();
  /** The folder that each was asked for in. */
  private readonly _asked = new Map<NotebookPanel, string>();
  private readonly _awaited = new WeakSet<Cell>();
  private readonly _due = new Set<NotebookPanel>();
}
