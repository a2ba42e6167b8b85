import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, IThemeManager } from '@jupyterlab/apputils';
import { PageConfig, PathExt } from '@jupyterlab/coreutils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Api } from './api';
import { CommandIDs, addCommands } from './commands';
import { DataModel } from './data/model';
import { DatasetActions } from './dataset/actions';
import { DatasetTabs } from './dataset/tabs';
import { Head } from './flow/head';
import { FlowModel } from './flow/model';
import { Jobs } from './jobs';
import { Badges } from './kernel/badges';
import { Kernels } from './kernel/model';
import { panels } from './panels';
import { Sidebar } from './sidebar';
import { Watch } from './watch';

const PLUGIN_ID = 'e2e-lab:plugin';

const plugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description:
    'The machine-learning workflow: a sidebar, and tabs of datasets.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [
    ITranslator,
    ISettingRegistry,
    ICommandPalette,
    ILayoutRestorer,
    IDefaultFileBrowser,
    IThemeManager
  ],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    translator: ITranslator | null,
    settings: ISettingRegistry | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    browser: IDefaultFileBrowser | null,
    themes: IThemeManager | null
  ) => {
    const trans = (translator ?? nullTranslator).load('e2e_lab');
    const { contents, serverSettings } = app.serviceManager;
    const localPath = (path: string) => contents.localPath(path);

    const api = new Api(serverSettings);
    const watch = new Watch(api);
    const flow = new FlowModel(api, watch);
    const kernels = new Kernels(notebooks, localPath, api, () => watch.looking);
    const data = new DataModel(
      api,
      watch,
      kernels,
      () => flow.state.status?.path ?? null
    );
    const jobs = new Jobs(api, trans);
    const actions = new DatasetActions(api, watch, kernels, jobs, trans);
    const tabs = new DatasetTabs(app.shell, {
      ...{ api, watch, flow, kernels, actions, themes, trans }
    });

    followFolder(watch, notebooks, browser, localPath);
    flow.created.connect(() => void browser?.model.refresh());
    contents.fileChanged.connect(() => watch.invalidate());
    kernels.root = PageConfig.getOption('serverRoot');
    flow.changed.connect(() => {
      const { status } = flow.state;
      if (status) {
        kernels.root = status.root;
        void jobs.resume(watch.state.folder);
      }
    });
    new Badges(kernels, watch, api, trans, (ref, notebook) => {
      const [name, selector] = ref.split('@');
      tabs.open(PathExt.dirname(localPath(notebook)), name, selector);
    });
    if (settings) {
      void followSettings(watch, settings);
    }

    const sidebar = new Sidebar(
      new Head(flow, kernels, api, trans),
      translator ?? nullTranslator
    );
    const parts = {
      ...{ app, palette, sidebar, watch, flow, data, kernels, actions, tabs },
      trans
    };
    addCommands(parts);
    panels(parts).forEach(panel => sidebar.addWidget(panel));
    app.shell.add(sidebar, 'left', { rank: 250, type: 'e2e-lab' });

    sidebar.disposed.connect(() => {
      jobs.dispose();
      flow.dispose();
      watch.dispose();
    });
    restorer?.add(sidebar, sidebar.id);
    void restorer?.restore(tabs.tracker, {
      command: CommandIDs.dataset,
      args: ({ content: { model } }) => ({
        folder: model.folder,
        name: model.state.name,
        selector: model.chosen
      }),
      name: ({ content: { model } }) => `${model.folder}:${model.state.name}`
    });
  }
};

/** Look at the project of the notebook that is worked in, or of the folder that is browsed to. */
function followFolder(
  watch: Watch,
  notebooks: INotebookTracker,
  browser: IDefaultFileBrowser | null,
  localPath: (path: string) => string
): void {
  const browse = () => {
    watch.folder = browser ? localPath(browser.model.path) : '';
  };
  void browser?.model.restored.then(browse);
  browser?.model.pathChanged.connect(browse);
  notebooks.currentChanged.connect((_, panel) => {
    if (panel) {
      watch.folder = PathExt.dirname(localPath(panel.context.path));
    }
  });
}

async function followSettings(
  watch: Watch,
  registry: ISettingRegistry
): Promise<void> {
  const settings = await registry.load(PLUGIN_ID);
  const follow = () => {
    watch.seconds = settings.get('refreshSeconds').composite as number;
  };
  follow();
  settings.changed.connect(follow);
}

export default plugin;
