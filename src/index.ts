import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, IThemeManager } from '@jupyterlab/apputils';
import { PageConfig, PathExt } from '@jupyterlab/coreutils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Api } from './api';
import { CommandIDs, addCommands } from './commands';
import { Documents } from './changes/documents';
import { ChangesModel } from './changes/model';
import { Changing } from './changes/work';
import { returnFocus } from './components/focus';
import { Ingestion } from './data/ingest';
import { DataModel } from './data/model';
import { DatasetActions } from './dataset/actions';
import { DatasetTabs } from './dataset/tabs';
import { RunActions } from './experiments/actions';
import { runsMade } from './experiments/badges';
import { RunCommandIDs, addRunCommands } from './experiments/commands';
import { ExperimentsModel } from './experiments/model';
import { RunTabs } from './experiments/tabs';
import { Head } from './flow/head';
import { FlowModel } from './flow/model';
import { addHabits } from './habits';
import { Jobs } from './jobs';
import { Badges, snapshots } from './kernel/badges';
import { Kernels } from './kernel/model';
import { MlflowTabs } from './mlflow/tabs';
import { ModelsRoom } from './models/room';
import { panels } from './panels';
import { saveDocument } from './saving';
import { Sidebar } from './sidebar';
import { Watch } from './watch';

const PLUGIN_ID = 'e2e-lab:plugin';
/** So many sections of the sidebar are unfolded at first. */
const UNFOLDED = 2;

const plugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description:
    'The machine-learning workflow: a sidebar, and tabs of datasets.',
  autoStart: true,
  requires: [INotebookTracker, IRenderMimeRegistry],
  optional: [
    ITranslator,
    ISettingRegistry,
    ICommandPalette,
    ILayoutRestorer,
    IDefaultFileBrowser,
    IThemeManager,
    ILauncher,
    IStatusBar
  ],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    settings: ISettingRegistry | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    browser: IDefaultFileBrowser | null,
    themes: IThemeManager | null,
    launcher: ILauncher | null,
    statusBar: IStatusBar | null
  ) => {
    const trans = (translator ?? nullTranslator).load('e2e_lab');
    const { contents, serverSettings } = app.serviceManager;
    const localPath = (path: string) => contents.localPath(path);

    const api = new Api(serverSettings);
    const watch = new Watch(api);
    const flow = new FlowModel(api, watch);
    const kernels = new Kernels(
      notebooks,
      { localPath, save: context => saveDocument(app, context) },
      api,
      () => watch.looking,
      panel => app.shell.activateById(panel.id)
    );
    const data = new DataModel(
      api,
      watch,
      kernels,
      () => flow.state.status?.path ?? null
    );
    const jobs = new Jobs(api, trans);
    const actions = new DatasetActions(api, watch, kernels, jobs, trans);
    const ingestion = new Ingestion({
      ...{ browser, flow, kernels, jobs, localPath, trans }
    });
    const changes = new ChangesModel(api, watch);
    const changing = new Changing({
      ...{ api, flow, kernels, trans },
      ...{ model: changes, documents: new Documents(app) }
    });
    const tabs = new DatasetTabs(app.shell, {
      ...{ api, watch, flow, kernels, actions, themes, trans }
    });

    const models = new ModelsRoom({
      ...{ app, palette, restorer, api, watch, flow, kernels, jobs, trans },
      openDataset: (folder, ref) => {
        const [name, selector] = ref.split('@');
        tabs.open(folder, name, selector);
      }
    });
    const experiments = new ExperimentsModel(api, watch, kernels);
    const runActions = new RunActions(kernels, jobs, trans);
    const mlflow = new MlflowTabs(app.shell, { api, themes, trans });
    const runTabs = new RunTabs(app.shell, {
      ...{ api, watch, flow, trans },
      ...{ actions: runActions, drawing: { rendermime, themes } },
      onMlflow: (folder, run) => mlflow.open(folder, { run }),
      onData: (folder, ref) => {
        const [name, selector] = ref.split('@');
        tabs.open(folder, name, selector);
      }
    });

    returnFocus(app.contextMenu.menu);
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
    new Badges(kernels, watch, snapshots(api), trans, (ref, notebook) => {
      const [name, selector] = ref.split('@');
      tabs.open(PathExt.dirname(localPath(notebook)), name, selector);
    });
    new Badges(kernels, watch, runsMade(api), trans, (ref, notebook) =>
      runTabs.open(PathExt.dirname(localPath(notebook)), [ref.split(' ')[0]])
    );
    if (settings) {
      void followSettings(watch, settings);
    }

    const sidebar = new Sidebar(
      new Head(flow, kernels, api, trans),
      translator ?? nullTranslator
    );
    const parts = {
      ...{ app, palette, sidebar, watch, flow, data, kernels, actions, tabs },
      ...{ ingestion, changes, changing, models, trans },
      ...{ experiments, mlflow, runActions, runTabs }
    };
    addCommands(parts);
    addRunCommands(parts);
    const sections = panels(parts);
    addHabits(parts, { browser, launcher, statusBar, localPath, sections });
    sections.forEach((panel, place) => {
      sidebar.addWidget(panel);
      if (place >= UNFOLDED) {
        sidebar.fold(panel.id);
      }
    });
    app.shell.add(sidebar, 'left', { rank: 250, type: 'e2e-lab' });

    sidebar.disposed.connect(() => {
      jobs.dispose();
      experiments.dispose();
      flow.dispose();
      watch.dispose();
    });
    restorer?.add(sidebar, sidebar.id);
    void restorer?.restore(runTabs.tables, {
      command: RunCommandIDs.table,
      args: ({ content: { folder, state } }) => ({
        folder,
        ...state,
        pins: [...state.pins],
        columns: state.columns && [...state.columns]
      }),
      name: ({ content: { folder } }) => folder
    });
    void restorer?.restore(mlflow.tracker, {
      command: RunCommandIDs.mlflow,
      args: ({ content: { folder, at } }) => ({ folder, at }),
      name: ({ content: { folder } }) => folder
    });
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
  const work = () => {
    const { currentWidget } = notebooks;
    if (currentWidget) {
      watch.folder = PathExt.dirname(localPath(currentWidget.context.path));
    }
    return currentWidget !== null;
  };
  void browser?.model.restored.then(() => work() || browse());
  browser?.model.pathChanged.connect(browse);
  notebooks.currentChanged.connect(work);
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
