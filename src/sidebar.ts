import { ITranslator } from '@jupyterlab/translation';
import { SidePanel } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import { AccordionPanel, Widget } from '@lumino/widgets';

import { e2eIcon } from './icon';

/** The part of the height that the first section may take, and what is left below it: room for a line more. */
const MOST = 0.64;
const MARGIN = 28;

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
      requestAnimationFrame(() => this.makeRoom(index))
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

  /** Go to the first section, unless some part has the focus already. */
  enter(): void {
    if (!this.node.contains(document.activeElement)) {
      (this.content as AccordionPanel).titles[0]?.focus();
    }
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
    const last = first?.node.lastElementChild;
    const { offsetHeight: head } = this.header.node;
    const shape = `${this.node.offsetWidth} ${head} ${project}`;
    if (this._moved || !last || others.length === 0 || shape === this._shape) {
      return;
    }
    this._shape = shape;
    this.fill();
    const room = [first, ...others].reduce(
      (sum, { node }) => sum + node.offsetHeight,
      0
    );
    const { top } = first.node.getBoundingClientRect();
    const { bottom } = last.getBoundingClientRect();
    const whole = bottom - top + first.node.scrollTop + MARGIN;
    const needed = Math.min(whole, MOST * room);
    const rest = (room - needed) / others.length;
    (this.content as AccordionPanel).setRelativeSizes(
      this.widgets.map(panel =>
        panel === first ? needed : panel.isVisible ? rest : 0
      )
    );
  }

  /** A section that was folded while the others were arranged comes back with its least height; and below what can be seen. */
  private makeRoom(index: number): void {
    const panel = this.widgets[index];
    if (!panel?.isVisible) {
      return;
    }
    const { minHeight } = getComputedStyle(panel.node);
    if (panel.node.offsetHeight <= parseFloat(minHeight)) {
      this._shape = '';
      this.arrange(this._project);
    }
    const title = (this.content as AccordionPanel).titles[index];
    panel.node.scrollIntoView({ block: 'nearest' });
    title.scrollIntoView({ block: 'nearest' });
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
  private _project: string | null = null;
  /** What it was arranged for last. */
  private _shape = '';
}
