import { JupyterFrontEnd } from '@jupyterlab/application';
import {
  IThemeManager,
  MainAreaWidget,
  WidgetTracker
} from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { IApi } from '../api';
import { FlowModel } from '../flow/model';
import { addTab, mainTab, showTab } from '../maintab';
import { Kernels } from '../kernel/model';
import { Watch } from '../watch';
import { DatasetActions } from './actions';
import { DatasetModel } from './model';
import { DatasetTab } from './tab';

/** The open tabs of datasets: one a dataset. */
export class DatasetTabs {
  readonly tracker = new WidgetTracker<MainAreaWidget<DatasetTab>>({
    namespace: 'e2e-lab-dataset'
  });

  constructor(
    private readonly shell: JupyterFrontEnd.IShell,
    private readonly parts: {
      api: IApi;
      watch: Watch;
      flow: FlowModel;
      kernels: Kernels;
      actions: DatasetActions;
      themes: IThemeManager | null;
      trans: TranslationBundle;
    }
  ) {
    parts.actions.renamed.connect((_, { folder, old, now }) => {
      this.find(folder, old)?.content.model.renamed(now);
    });
  }

  /** Show a dataset, at one version where it is named. */
  open(near: string, name: string, selector: string | null = null): void {
    const folder = this.parts.flow.projectAround(near);
    const found = this.find(folder, name);
    if (found) {
      if (selector) {
        found.content.model.chooseSelector(selector);
      }
      showTab(this.shell, found);
      return;
    }
    const { api, watch } = this.parts;
    const model = new DatasetModel(api, watch, folder, name, selector);
    const content = new DatasetTab(model, {
      ...this.parts,
      onOpen: ref => {
        const [name, selector] = ref.split('@');
        this.open(folder, name, selector ?? null);
      }
    });
    const widget = mainTab(content, `e2e-lab-dataset-${++this._opened}`);
    model.changed.connect(() => void this.tracker.save(widget));
    void this.tracker.add(widget);
    addTab(this.shell, widget);
  }

  private find(folder: string, name: string) {
    return this.tracker.find(
      ({ content: { model } }) =>
        model.folder === folder && model.state.name === name
    );
  }

  private _opened = 0;
}
