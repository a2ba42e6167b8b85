import { MainAreaWidget } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';

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
