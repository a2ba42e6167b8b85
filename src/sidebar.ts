import { ITranslator } from '@jupyterlab/translation';
import { SidePanel } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import { AccordionPanel, Widget } from '@lumino/widgets';

import { e2eIcon } from './icon';

/** The part of the height that the first section may take, and what is left below it: room for a line more. */
const MOST = 0.64;
const MARGIN = 28;
/** A section that was unfolded to less than this, in pixels, cannot be used; others are folded for it. */
const LEAST = 80;
const COMFORT = 200;

/** The sidebar: a head, and an accordion whose sections are the panels that are added to it. */
export class Sidebar extends SidePanel {
  constructor(head: Widget, translator: ITranslator) {
    super({ translator });
    this.id = 'e2e-lab-sidebar';
    this.addClass('e2e-Sidebar');
    this.title.icon = e2eIcon;
    this.title.caption = 'e2e-lab';
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'e2e-lab');
    this.header.addWidget(head);
    new ResizeObserver(() => this.makeUp()).observe(this.header.node);
    (this.content as AccordionPanel).handleMoved.connect(() => {
      this._moved = true;
    });
    (this.content as AccordionPanel).expansionToggled.connect((_, index) =>
      requestAnimationFrame(() => this.follow(this.widgets[index]))
    );
  }

  addWidget(panel: Widget): void {
    super.addWidget(panel);
    const { titles } = this.content as AccordionPanel;
    const { label } = panel.title;
    for (const node of [panel.node, titles[this.widgets.indexOf(panel)]]) {
      node.setAttribute('aria-label', label); // the accordion adds “Section”
    }
  }

  /** Unfold the section with this panel. */
  unfold(id: string): void {
    (this.content as AccordionPanel).expand(this.indexOf(id));
  }

  /** Fold the section with this panel; nothing is asked for it then. */
  fold(id: string): void {
    (this.content as AccordionPanel).collapse(this.indexOf(id));
  }

  private indexOf(id: string): number {
    return this.widgets.findIndex(panel => panel.id === id);
  }

  /**
   * Give the first section the height that it needs, and the others the rest. This is done once for each
   * project, width of the sidebar and height of its head, so that nothing moves while it is refreshed, and
   * never again after somebody moved a border.
   */
  arrange(project: string | null): void {
    this._project = project;
    const [first, ...others] = this.widgets.filter(panel => panel.isVisible);
    const { offsetHeight: head } = this.header.node;
    const shape = `${this.node.offsetWidth} ${head} ${project}`;
    if (this._moved || !others.length || shape === this._shape) {
      return;
    }
    this._shape = shape;
    this.fill();
    const [needed, room] = share(first, others);
    if (needed === null) {
      return;
    }
    const rest = room / others.length;
    (this.content as AccordionPanel).setRelativeSizes(
      this.widgets.map(panel =>
        panel === first ? needed : panel.isVisible ? rest : 0
      )
    );
  }

  /** A section was folded or unfolded. */
  private follow(panel: Widget | undefined): void {
    if (!panel) {
      return;
    }
    this._unfolded = this._unfolded.filter(one => one !== panel);
    if (panel.isVisible) {
      this._unfolded.push(panel);
      this.makeRoom(panel);
    }
  }

  /**
   * Where the sections below the first are too low to be used, those that were unfolded longest ago are folded. One
   * that was folded while the others were arranged comes back without any height.
   */
  private makeRoom(panel: Widget): void {
    const [first, ...others] = this.widgets.filter(one => one.isVisible);
    const [, room] = share(first, others);
    const fitting = Math.max(1, Math.floor(room / COMFORT));
    const oldest = others
      .filter(one => one !== panel)
      .sort((a, b) => this._unfolded.indexOf(a) - this._unfolded.indexOf(b))
      .slice(0, Math.max(0, others.length - fitting));
    for (const one of oldest) {
      this.fold(one.id);
    }
    if (oldest.length > 0 || panel.node.offsetHeight < LEAST) {
      this._moved &&= panel.node.offsetHeight >= LEAST;
      this._shape = '';
      this.arrange(this._project);
    }
  }

  /** What the head takes or leaves is the sections'. */
  private makeUp(): void {
    if (this.isVisible) {
      this.fill();
      this.arrange(this._project);
    }
  }

  /** Give the sections the height that there is now. */
  private fill(): void {
    MessageLoop.sendMessage(this.content, Widget.ResizeMessage.UnknownSize);
  }

  private _moved = false;
  /** The sections that somebody unfolded, the last one last. */
  private _unfolded: Widget[] = [];
  private _project: string | null = null;
  /** What it was arranged for last. */
  private _shape = '';
}

/** The height that the first section needs, where that can be told, and what the others have together. */
function share(
  first: Widget,
  others: readonly Widget[]
): [needed: number | null, rest: number] {
  const room = [first, ...others].reduce(
    (sum, { node }) => sum + node.offsetHeight,
    0
  );
  const last = first.node.lastElementChild;
  if (!last) {
    return [null, room - first.node.offsetHeight];
  }
  const { top } = first.node.getBoundingClientRect();
  const { bottom } = last.getBoundingClientRect();
  const whole = bottom - top + first.node.scrollTop + MARGIN;
  const needed = Math.min(whole, MOST * room);
  return [needed, room - needed];
}
