import { CommandToolbarButton, Toolbar } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';

import { CommandIDs, IParts } from './commands';
import { askForSnapshot } from './data/snapshot';
import { DataPanel } from './data/panel';
import { FlowPanel } from './flow/panel';
import { loadLibrary, runLine } from './notebook';
import { Sidebar } from './sidebar';

/** The sections of the sidebar, from the top. A new one is one line here. */
export function panels(parts: IPanelParts): Widget[] {
  return [flowPanel(parts), dataPanel(parts)];
}

export interface IPanelParts extends IParts {
  sidebar: Sidebar;
}

function flowPanel(parts: IPanelParts): Widget {
  const { app, flow, kernels, sidebar, trans } = parts;
  const panel = new FlowPanel(
    flow,
    kernels,
    {
      openData: () => sidebar.unfold('e2e-lab-data'),
      openNotebook: () =>
        kernels.panel && app.shell.activateById(kernels.panel.id)
    },
    trans
  );
  return withToolbar(panel, parts, [CommandIDs.refresh, CommandIDs.workflow]);
}

function dataPanel(parts: IPanelParts): Widget {
  const { data, flow, kernels, tabs, trans, watch } = parts;
  return new DataPanel(
    data,
    {
      canSnapshot: () => flow.state.status?.writable ?? true,
      snapshot: async frame => {
        const panel = kernels.panel;
        const line = panel && (await askForSnapshot(frame, trans));
        if (line) {
          await runLine(panel, line);
        }
      },
      loadLibrary: async () => {
        const panel = kernels.panel;
        if (panel) {
          await loadLibrary(panel);
        }
      },
      open: ({ name }) => tabs.open(watch.state.folder, name)
    },
    trans
  );
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
    toolbar.addItem(id, new CommandToolbarButton({ commands, id, label: '' }));
  }
  return Object.assign(panel, { toolbar });
}
