import { TranslationBundle } from '@jupyterlab/translation';
import { Cell } from '@jupyterlab/cells';
import { PathExt } from '@jupyterlab/coreutils';
import { NotebookPanel } from '@jupyterlab/notebook';

import { IApi } from '../api';
import { Watch, isWithin } from '../watch';
import { KernelLink } from './link';
import { Kernels } from './model';

/** A small mark on each cell that made a snapshot, which opens it. */
export class Badges {
  constructor(
    private readonly kernels: Kernels,
    private readonly watch: Watch,
    private readonly api: Pick<IApi, 'origins'>,
    private readonly trans: TranslationBundle,
    /** Show a version, from the notebook at this path. */
    private readonly open: (ref: string, notebook: string) => void
  ) {
    kernels.links.forEach(link => this.add(link));
    kernels.added.connect((_, link) => this.add(link));
    kernels.made.connect((_, { panel, made }) => {
      const refs = made.items.map(({ ref }) => ref);
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
      const { items } = await this.api.origins(folder, path);
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
    let badge = area.querySelector<HTMLButtonElement>('.e2e-Badge');
    if (!badge) {
      badge = document.createElement('button');
      badge.type = 'button';
      badge.className = 'e2e-Badge';
      area.append(badge);
    }
    const said = refs.join(', ');
    const last = refs[refs.length - 1];
    badge.textContent = last.slice(last.lastIndexOf('@') + 1);
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
