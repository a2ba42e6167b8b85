import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import {
  CommandToolbarButton,
  Toolbar,
  refreshIcon
} from '@jupyterlab/ui-components';

import { Api } from './api';
import { FlowModel } from './flow/model';
import { FlowPanel } from './flow/panel';
import { e2eIcon } from './icon';
import { Sidebar } from './sidebar';

const PLUGIN_ID = 'e2e-lab:plugin';

const CommandIDs = {
  open: 'e2e-lab:open',
  refresh: 'e2e-lab:refresh'
} as const;

const plugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'The e2e-lab sidebar: where the project stands in its workflow.',
  autoStart: true,
  optional: [
    ITranslator,
    ISettingRegistry,
    ICommandPalette,
    ILayoutRestorer,
    IDefaultFileBrowser
  ],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    settings: ISettingRegistry | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    browser: IDefaultFileBrowser | null
  ) => {
    const trans = (translator ?? nullTranslator).load('e2e_lab');
    const { contents, serverSettings } = app.serviceManager;

    const model = new FlowModel(new Api(serverSettings));
    if (browser) {
      followFolder(model, browser, path => contents.localPath(path));
    }
    contents.fileChanged.connect(() => model.invalidate());
    if (settings) {
      void followSettings(model, settings);
    }

    app.commands.addCommand(CommandIDs.open, {
      label: trans.__('Show e2e-lab'),
      caption: trans.__('Show where this project stands'),
      icon: e2eIcon,
      execute: () => app.shell.activateById(sidebar.id)
    });
    app.commands.addCommand(CommandIDs.refresh, {
      label: trans.__('Refresh e2e-lab'),
      caption: trans.__('Look again where this project stands'),
      icon: refreshIcon,
      execute: () => model.refresh()
    });

    const toolbar = new Toolbar();
    toolbar.addItem(
      'refresh',
      new CommandToolbarButton({
        commands: app.commands,
        id: CommandIDs.refresh,
        label: ''
      })
    );
    const sidebar = new Sidebar(translator ?? nullTranslator);
    sidebar.addWidget(Object.assign(new FlowPanel(model, trans), { toolbar }));
    app.shell.add(sidebar, 'left', { rank: 250, type: 'e2e-lab' });

    restorer?.add(sidebar, sidebar.id);
    for (const command of Object.values(CommandIDs)) {
      palette?.addItem({ command, category: 'e2e-lab' });
    }
  }
};

function followFolder(
  model: FlowModel,
  browser: IDefaultFileBrowser,
  localPath: (path: string) => string
): void {
  const follow = () => {
    model.folder = localPath(browser.model.path);
  };
  void browser.model.restored.then(follow);
  browser.model.pathChanged.connect(follow);
  model.created.connect(() => void browser.model.refresh());
}

async function followSettings(
  model: FlowModel,
  registry: ISettingRegistry
): Promise<void> {
  const settings = await registry.load(PLUGIN_ID);
  const follow = () => {
    model.seconds = settings.get('refreshSeconds').composite as number;
  };
  follow();
  settings.changed.connect(follow);
}

export default plugin;
