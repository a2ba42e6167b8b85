import { JupyterFrontEnd } from '@jupyterlab/application';
import { Clipboard, ICommandPalette } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, refreshIcon } from '@jupyterlab/ui-components';

import { ChangesModel } from './changes/model';
import { Changing } from './changes/work';
import { Ingestion } from './data/ingest';
import { DataModel } from './data/model';
import { DatasetActions, ITarget } from './dataset/actions';
import { DatasetTabs } from './dataset/tabs';
import { FlowModel } from './flow/model';
import { e2eIcon } from './icon';
import { Kernels } from './kernel/model';
import { addTab, mainTab, showTab, tabArea } from './maintab';
import { ModelsRoom } from './models/room';
import { Watch } from './watch';
import { WorkflowTab } from './workflow/tab';

/** The datasets in the sidebar, for the context menu. */
const DATASETS = '#e2e-lab-data .e2e-Windowed';

export const CommandIDs = {
  open: 'e2e-lab:open',
  refresh: 'e2e-lab:refresh',
  workflow: 'e2e-lab:open-workflow',
  ingest: 'e2e-lab:ingest',
  verify: 'e2e-lab:verify',
  commit: 'e2e-lab:commit',
  restoreFile: 'e2e-lab:restore-file',
  restoreCommit: 'e2e-lab:restore-commit',
  copyCommit: 'e2e-lab:copy-commit',
  snapshotFile: 'e2e-lab:snapshot-file',
  dataset: 'e2e-lab:open-dataset',
  load: 'e2e-lab:load-dataset',
  copy: 'e2e-lab:copy-load',
  export: 'e2e-lab:export-dataset',
  rename: 'e2e-lab:rename-dataset',
  verifyOne: 'e2e-lab:verify-dataset',
  remove: 'e2e-lab:remove-dataset'
} as const;

/** What the commands work with. */
export interface IParts {
  app: JupyterFrontEnd;
  palette: ICommandPalette | null;
  sidebar: { id: string; enter(): void };
  watch: Watch;
  flow: FlowModel;
  data: DataModel;
  kernels: Kernels;
  actions: DatasetActions;
  tabs: DatasetTabs;
  ingestion: Ingestion;
  changes: ChangesModel;
  changing: Changing;
  models: ModelsRoom;
  trans: TranslationBundle;
}

/** The palette gives the focus back to the main area after a command; what is to have it waits for that. */
export function paletteClosed(): Promise<void> {
  return new Promise(resolve =>
    setTimeout(() => requestAnimationFrame(() => resolve()))
  );
}

/** Make everything that the panels do a command: in the palette, or in the menu of a dataset. */
export function addCommands(parts: IParts): void {
  const { app, palette, flow, watch, trans } = parts;
  app.commands.addCommand(CommandIDs.open, {
    label: trans.__('Show e2e-lab'),
    caption: trans.__('Show where this project stands'),
    icon: e2eIcon,
    execute: async () => {
      await paletteClosed();
      app.shell.activateById(parts.sidebar.id);
      parts.sidebar.enter();
    }
  });
  app.commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Refresh e2e-lab'),
    caption: trans.__('Look again where this project stands'),
    icon: refreshIcon,
    execute: () => watch.refresh()
  });
  app.commands.addCommand(CommandIDs.workflow, {
    label: trans.__('Open Workflow'),
    caption: trans.__('Show the whole workflow as a chart'),
    icon: e2eIcon,
    execute: () => openWorkflow(parts)
  });
  app.commands.addCommand(CommandIDs.ingest, {
    label: args =>
      args.isPalette ? trans.__('Ingest a file…') : trans.__('Ingest'),
    caption: trans.__('Make a CSV or Parquet file a raw dataset'),
    icon: addIcon,
    isVisible: () => parts.ingestion.possible,
    isEnabled: () => parts.ingestion.possible,
    execute: () => parts.ingestion.ask()
  });
  app.commands.addCommand(CommandIDs.verify, {
    label: trans.__('Verify all that is stored'),
    caption: trans.__('Read every stored version and prove that it is intact'),
    isEnabled: () => flow.state.status?.writable ?? false,
    execute: () => parts.actions.verify(watch.state.folder)
  });
  flow.changed.connect(() => {
    app.commands.notifyCommandChanged(CommandIDs.ingest);
    app.commands.notifyCommandChanged(CommandIDs.verify);
  });
  app.commands.addCommand(CommandIDs.dataset, {
    label: trans.__('Open'),
    execute: args => {
      const target = targetOf(parts);
      const folder = args.folder ?? target?.folder;
      const name = args.name ?? target?.name;
      if (typeof folder === 'string' && typeof name === 'string') {
        parts.tabs.open(folder, name, (args.selector as string) ?? null);
      }
    }
  });
  addDatasetCommands(parts);
  for (const command of [
    CommandIDs.open,
    CommandIDs.refresh,
    CommandIDs.workflow,
    CommandIDs.ingest,
    CommandIDs.verify
  ]) {
    const args = { isPalette: true };
    palette?.addItem({ command, args, category: 'e2e-lab' });
  }
}

/** The commands of the dataset that is selected in the sidebar. */
function addDatasetCommands(parts: IParts): void {
  const { app, flow, actions, trans } = parts;
  const writable = () => flow.state.status?.writable ?? false;
  const add = (
    id: string,
    label: string,
    execute: (target: ITarget) => unknown,
    isVisible: () => boolean = () => true
  ) =>
    app.commands.addCommand(id, {
      label,
      isVisible,
      isEnabled: () => targetOf(parts) !== null,
      execute: () => {
        const target = targetOf(parts);
        return target && execute(target);
      }
    });
  add(
    CommandIDs.load,
    trans.__('Load into notebook'),
    target => actions.load(target),
    () => actions.canLoad
  );
  add(
    CommandIDs.copy,
    trans.__('Copy the line that loads it'),
    ({ name, selector }) =>
      Clipboard.copyToSystem(`e2e.load("${name}@${selector}")`)
  );
  add(
    CommandIDs.export,
    trans.__('Export…'),
    target => actions.export(target),
    writable
  );
  add(
    CommandIDs.rename,
    trans.__('Rename…'),
    target => actions.rename(target),
    writable
  );
  add(
    CommandIDs.verifyOne,
    trans.__('Verify'),
    ({ folder, name, selector }) =>
      actions.verify(folder, [`${name}@${selector}`]),
    writable
  );
  add(
    CommandIDs.remove,
    trans.__('Remove'),
    target => actions.remove(target),
    writable
  );
  [
    CommandIDs.dataset,
    CommandIDs.load,
    CommandIDs.copy,
    CommandIDs.export,
    CommandIDs.verifyOne,
    CommandIDs.rename,
    CommandIDs.remove
  ].forEach((command, rank) =>
    app.contextMenu.addItem({ command, rank, selector: DATASETS })
  );
}

function targetOf(parts: IParts): ITarget | null {
  const { datasets, selected } = parts.data.state;
  const found = datasets?.find(({ name }) => name === selected);
  const { folder } = parts.watch.state;
  return found
    ? { folder, name: found.name, selector: `v${found.version}` }
    : null;
}

function openWorkflow(parts: IParts): void {
  const { app, flow, kernels, trans } = parts;
  const id = 'e2e-lab-workflow';
  const open = [...app.shell.widgets(tabArea(app.shell))];
  const found = open.find(widget => widget.id === id);
  if (found) {
    showTab(app.shell, found);
  } else {
    const content = new WorkflowTab(flow, kernels, trans);
    content.title.label = trans.__('Workflow');
    addTab(app.shell, mainTab(content, id));
  }
}
