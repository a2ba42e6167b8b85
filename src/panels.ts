import { CommandToolbarButton, Toolbar } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';

import { CommandIDs, IParts } from './commands';
import { ChangesPanel } from './changes/panel';
import { askForSnapshot } from './data/snapshot';
import { DataPanel } from './data/panel';
import { RunCommandIDs } from './experiments/commands';
import { ExperimentsModel } from './experiments/model';
import { ExperimentsPanel } from './experiments/panel';
import { RunActions } from './experiments/actions';
import { RunTabs } from './experiments/tabs';
import { FlowPanel } from './flow/panel';
import { MlflowTabs } from './mlflow/tabs';
import { loadLibrary, runLine } from './notebook';
import { Sidebar } from './sidebar';

/** The sections of the sidebar, from the top. A new one is one line here. */
export function panels(parts: IPanelParts): Widget[] {
  return [
    flowPanel(parts),
    dataPanel(parts),
    changesPanel(parts),
    experimentsPanel(parts),
    parts.models.panel
  ];
}

export interface IPanelParts extends IParts {
  experiments: ExperimentsModel;
  runActions: RunActions;
  runTabs: RunTabs;
  mlflow: MlflowTabs;
  sidebar: Sidebar;
}

function flowPanel(parts: IPanelParts): Widget {
  const { app, flow, kernels, sidebar, trans } = parts;
  const panel = new FlowPanel(
    flow,
    kernels,
    {
      openData: () => sidebar.unfold('e2e-lab-data'),
      openChanges: () => sidebar.unfold('e2e-lab-changes'),
      openExperiments: () => sidebar.unfold('e2e-lab-experiments'),
      openModels: () => sidebar.unfold('e2e-lab-models'),
      openNotebook: () =>
        kernels.panel && app.shell.activateById(kernels.panel.id)
    },
    trans
  );
  panel.drawn.connect(() => {
    const { phase } = flow.watch.state;
    const project = flow.state.status?.path ?? null;
    if (phase === 'outside' || project) {
      sidebar.arrange(project);
    }
  });
  return withToolbar(panel, parts, [CommandIDs.refresh, CommandIDs.workflow]);
}

function dataPanel(parts: IPanelParts): Widget {
  const { app, data, flow, ingestion, kernels, tabs, trans, watch } = parts;
  const panel = new DataPanel(
    data,
    {
      canSnapshot: () => flow.state.status?.writable ?? true,
      canIngest: () => ingestion.possible,
      ingest: () => void app.commands.execute(CommandIDs.ingest),
      snapshot: async frame => {
        const panel = kernels.panel;
        const line = panel && (await askForSnapshot(frame, trans));
        if (line) {
          kernels.show(panel);
          await runLine(panel, line);
        }
      },
      loadLibrary: async () => {
        const panel = kernels.panel;
        if (panel) {
          kernels.show(panel);
          await loadLibrary(panel);
        }
      },
      open: ({ name }) => tabs.open(watch.state.folder, name)
    },
    trans
  );
  return withToolbar(panel, parts, [CommandIDs.ingest]);
}

function changesPanel(parts: IPanelParts): Widget {
  const { app, changes, changing, flow, kernels, tabs, trans, watch } = parts;
  const panel = new ChangesPanel(
    changes,
    {
      writable: () => flow.state.status?.writable ?? false,
      unsaved: () => changing.unsaved,
      commit: () => void changing.commit(),
      cancel: () => void changing.cancel(),
      open: ({ change, dataset, path, place }) => {
        if (change === 'removed') {
          void changing.restore('HEAD', [path]);
        } else if (dataset) {
          tabs.open(watch.state.folder, dataset.name);
        } else if (place !== null) {
          void app.commands.execute('docmanager:open', { path: place });
        }
      },
      restore: revision => void changing.restore(revision),
      undo: () => void changing.undo(),
      complete: () => void changing.complete()
    },
    trans
  );
  kernels.changed.connect(() => panel.update()); // the notebook was changed or saved
  return panel;
}

function experimentsPanel(parts: IPanelParts): Widget {
  const { experiments, flow, runActions, runTabs, trans } = parts;
  const panel = new ExperimentsPanel(
    experiments,
    {
      canKeep: () => flow.state.status?.writable ?? true,
      keep: fit => void runActions.keep(fit),
      open: ({ id }) => runTabs.open(runTabs.folder, [id]),
      openTable: () => runTabs.openTable()
    },
    trans
  );
  return withToolbar(panel, parts, [RunCommandIDs.table, RunCommandIDs.mlflow]);
}

/** Put commands into the title of a panel's section. */
function withToolbar(
  panel: Widget,
  { app }: IParts,
  ids: readonly string[]
): Widget {
  const toolbar = new Toolbar();
  for (const id of ids) {
    const { commands } = app;
    const label = id === CommandIDs.ingest ? undefined : '';
    toolbar.addItem(id, new CommandToolbarButton({ commands, id, label }));
  }
  return Object.assign(panel, { toolbar });
}
