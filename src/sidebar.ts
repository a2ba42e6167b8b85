import { ITranslator } from '@jupyterlab/translation';
import { SidePanel } from '@jupyterlab/ui-components';

import { e2eIcon } from './icon';

/** The sidebar: an accordion whose sections are the panels that are added to it. */
export class Sidebar extends SidePanel {
  constructor(translator: ITranslator) {
    super({ translator });
    this.id = 'e2e-lab-sidebar';
    this.addClass('e2e-Sidebar');
    this.title.icon = e2eIcon;
    this.title.caption = 'e2e-lab';
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'e2e-lab');
  }
}
