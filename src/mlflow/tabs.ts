import { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';

import { addTab, mainTab, showTab } from '../maintab';
import { IMlflowParts, IMlflowPlace, MlflowTab } from './tab';

/** The open tabs of MLflow's own pages: one a project. */
export class MlflowTabs {
  readonly tracker = new WidgetTracker<MainAreaWidget<MlflowTab>>({
    namespace: 'e2e-lab-mlflow'
  });

  constructor(
    private readonly shell: JupyterFrontEnd.IShell,
    private readonly parts: IMlflowParts
  ) {}

  /** Show the runs of the project around a folder, one of them, or a page that was shown before. */
  open(folder: string, what: IMlflowPlace = {}): void {
    const widget =
      this.tracker.find(({ content }) => content.folder === folder) ??
      this.add(folder);
    showTab(this.shell, widget);
    widget.content.goTo(what);
  }

  private add(folder: string): MainAreaWidget<MlflowTab> {
    const content = new MlflowTab(folder, this.parts);
    const widget = mainTab(content, `e2e-lab-mlflow-${++this._opened}`);
    content.moved.connect(() => void this.tracker.save(widget));
    void this.tracker.add(widget);
    addTab(this.shell, widget);
    return widget;
  }

  private _opened = 0;
}
