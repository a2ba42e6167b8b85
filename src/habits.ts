import { Clipboard } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { IStatusBar } from '@jupyterlab/statusbar';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { Contents } from '@jupyterlab/services';
import { historyIcon } from '@jupyterlab/ui-components';
import { Debouncer } from '@lumino/polling';
import { Widget } from '@lumino/widgets';

import { CommandIDs, IParts, paletteClosed } from './commands';
import { IPanelParts } from './panels';
import { ChangesPanel } from './changes/panel';
import { isTable } from './data/ingest';
import { StatusItem } from './statusitem';

/** So long after the last event the status bar looks. */
const QUIET_MS = 500;
const FILES = '#e2e-lab-changes .e2e-Files .e2e-Windowed-item';
const COMMITS = '#e2e-lab-changes .e2e-Commits .e2e-Windowed-item';

/** What JupyterLab offers where it is there. */
export interface IPlaces {
  browser: IDefaultFileBrowser | null;
  launcher: ILauncher | null;
  statusBar: IStatusBar | null;
  localPath: (path: string) => string;
  sections: readonly Widget[];
}

/** What people expect of an extension: menus, launcher, status bar, and the menus of files. */
export function addHabits(parts: IPanelParts, places: IPlaces): void {
  const { app, palette, changes, flow, trans } = parts;
  const { commands } = app;
  commands.addCommand(CommandIDs.commit, {
    label: args => (args.isToolbar ? trans.__('Commit') : trans.__('Commit…')),
    caption: trans.__(
      'Keep notebooks, code and the records of the data in one git commit'
    ),
    isEnabled: () => flow.state.status?.writable !== false,
    execute: async () => {
      app.shell.activateById(parts.sidebar.id);
      parts.sidebar.unfold('e2e-lab-changes');
      await paletteClosed();
      const panel = places.sections.find(({ id }) => id === 'e2e-lab-changes');
      if (panel instanceof ChangesPanel) {
        panel.focusMessage();
      }
    }
  });
  flow.changed.connect(() => commands.notifyCommandChanged(CommandIDs.commit));
  palette?.addItem({ command: CommandIDs.commit, category: 'e2e-lab' });
  addChangesMenu(parts);
  addFileMenu(parts, places);
  places.launcher?.add({
    command: CommandIDs.workflow,
    category: trans.__('Other'),
    rank: 10
  });
  if (places.statusBar) {
    addStatusItem(parts, places.statusBar);
  }
  changes.changed.connect(() => {
    commands.notifyCommandChanged(CommandIDs.restoreFile);
  });
}

/** Where the project stands, in the status bar. It follows what happens in Lab, and never polls. */
function addStatusItem(parts: IParts, statusBar: IStatusBar): void {
  const { app, flow, trans, watch } = parts;
  const look = new Debouncer(async () => {
    if (!watch.looking) {
      await flow.peek();
    }
  }, QUIET_MS);
  let { folder } = watch.state;
  watch.changed.connect(() => {
    if (folder !== watch.state.folder) {
      folder = watch.state.folder;
      void look.invoke();
    }
  });
  app.serviceManager.contents.fileChanged.connect(() => void look.invoke());
  statusBar.registerStatusItem('e2e-lab:standing', {
    item: new StatusItem(flow, trans, () => {
      void app.commands.execute(CommandIDs.open);
    }),
    align: 'left',
    rank: 50,
    isActive: () => flow.state.status !== null,
    activeStateChanged: flow.changed
  });
}

/** What can be done with the file and the commit that are selected in the panel. */
function addChangesMenu(parts: IParts): void {
  const { app, changes, changing, trans } = parts;
  const { commands, contextMenu } = app;
  const file = () =>
    changes.state.changes?.items.find(
      ({ path }) => path === changes.state.file
    );
  commands.addCommand(CommandIDs.restoreFile, {
    label: trans.__('Restore from the last commit…'),
    isEnabled: () => changing.writable && file()?.change !== 'new',
    execute: () => {
      const found = file();
      return found && changing.restore('HEAD', [found.path]);
    }
  });
  commands.addCommand(CommandIDs.restoreCommit, {
    label: trans.__('Show and restore…'),
    icon: historyIcon,
    execute: () => {
      const { commit } = changes.state;
      return commit && changing.restore(commit);
    }
  });
  commands.addCommand(CommandIDs.copyCommit, {
    label: trans.__('Copy the id of the commit'),
    execute: () => {
      const { commit } = changes.state;
      if (commit) {
        Clipboard.copyToSystem(commit);
      }
    }
  });
  contextMenu.addItem({ command: CommandIDs.restoreFile, selector: FILES });
  contextMenu.addItem({ command: CommandIDs.restoreCommit, selector: COMMITS });
  contextMenu.addItem({ command: CommandIDs.copyCommit, selector: COMMITS });
}

/** “Snapshot as raw data”, for the files that can be read. */
function addFileMenu(parts: IParts, { browser, localPath }: IPlaces): void {
  if (!browser) {
    return;
  }
  const { app, ingestion, trans } = parts;
  const chosen = (): Contents.IModel | null => {
    const items = [...browser.selectedItems()];
    const file = items.length === 1 ? items[0] : null;
    return file && file.type !== 'directory' && isTable(file.path)
      ? file
      : null;
  };
  app.commands.addCommand(CommandIDs.snapshotFile, {
    label: trans.__('Snapshot as raw data'),
    caption: trans.__('Make this file a dataset of the project'),
    isVisible: () => ingestion.possible && chosen() !== null,
    execute: () => {
      const file = chosen();
      return file && ingestion.keep(localPath(file.path));
    }
  });
}
