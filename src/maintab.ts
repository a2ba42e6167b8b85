import { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import { TabPanel, Widget } from '@lumino/widgets';

import { e2eIcon } from './icon';

/** A tab of ours for the main area, which can be closed. */
export function mainTab<T extends Widget>(
  content: T,
  id: string
): MainAreaWidget<T> {
  content.title.icon = e2eIcon;
  content.title.closable = true;
  const widget = new MainAreaWidget({ content });
  widget.id = id;
  widget.toolbar.hide();
  return widget;
}

/** Where tabs go: in Notebook 7 the main area holds the one document of the page, and there is room below it. */
export function tabArea(shell: JupyterFrontEnd.IShell): 'main' | 'down' {
  return 'mode' in shell ? 'main' : 'down';
}

/** Add a tab, and show it. */
export function addTab(
  shell: JupyterFrontEnd.IShell,
  widget: MainAreaWidget,
  place: object = {}
): void {
  const area = tabArea(shell);
  widget.toggleClass('e2e-mod-below', area === 'down');
  shell.add(widget, area, { type: 'e2e-lab', ...place });
  showTab(shell, widget);
}

/** Show a tab that is open. */
export function showTab(shell: JupyterFrontEnd.IShell, widget: Widget): void {
  shell.activateById(widget.id);
  const around = widget.parent?.parent;
  if (around instanceof TabPanel) {
    around.currentWidget = widget; // Notebook before 7.7 leaves that to us
  }
}
