import { ITranslator } from '@jupyterlab/translation';
import { SidePanel } from '@jupyterlab/ui-components';
import { AccordionPanel, Widget } from '@lumino/widgets';

import { e2eIcon } from './icon';

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
    const index = this.widgets.findIndex(panel => panel.id === id);
    (this.content as AccordionPanel).expand(index);
  }
}
