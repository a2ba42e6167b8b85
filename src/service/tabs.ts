import { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { addTab, mainTab, showTab } from '../maintab';
import { Watch } from '../watch';
import { IServiceActions } from './head';
import { IServiceApi, ServiceModel } from './model';
import { ServiceTab } from './tab';

/** The open tabs of services: one a service. */
export class ServiceTabs {
  readonly tracker = new WidgetTracker<MainAreaWidget<ServiceTab>>({
    namespace: 'e2e-lab-service'
  });

  constructor(
    private readonly shell: JupyterFrontEnd.IShell,
    private readonly parts: {
      api: IServiceApi;
      watch: Watch;
      actions: IServiceActions;
      /** Show a version of a dataset. */
      openDataset: (folder: string, ref: string) => void;
      trans: TranslationBundle;
    }
  ) {}

  /** Show a service of the project around a folder. */
  open(folder: string, name: string): void {
    const found = this.find(folder, name);
    if (found) {
      showTab(this.shell, found);
      return;
    }
    const { api, watch, actions, openDataset, trans } = this.parts;
    const model = new ServiceModel(api, watch, { folder, name });
    const content = new ServiceTab(
      model,
      actions,
      ref => openDataset(folder, ref),
      trans
    );
    const widget = mainTab(content, `e2e-lab-service-${++this._opened}`);
    void this.tracker.add(widget);
    addTab(this.shell, widget);
  }

  private find(folder: string, name: string) {
    return this.tracker.find(
      ({ content: { model } }) =>
        model.at.folder === folder && model.at.name === name
    );
  }

  private _opened = 0;
}
