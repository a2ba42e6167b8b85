import { NotebookActions, NotebookPanel } from '@jupyterlab/notebook';

import { isCode } from './kernel/model';

const LOAD = '%load_ext e2e_lab';

/**
 * Put a line into a visible cell below the active one, or into that one where it is empty, and run it; a cell
 * that holds the same line already is run again instead. Resolves to whether it ran without an error.
 */
export async function runLine(
  panel: NotebookPanel,
  line: string
): Promise<boolean> {
  await panel.sessionContext.ready;
  const notebook = panel.content;
  const found = notebook.widgets.findIndex(
    ({ model }) => isCode(model) && model.sharedModel.source.trim() === line
  );
  if (found >= 0) {
    notebook.activeCellIndex = found;
  } else {
    const active = notebook.activeCell?.model;
    if (!active || !isCode(active) || active.sharedModel.source.trim()) {
      NotebookActions.insertBelow(notebook);
    }
    notebook.activeCell?.model.sharedModel.setSource(line);
  }
  notebook.deselectAll();
  notebook.mode = 'command';
  await notebook.scrollToItem(notebook.activeCellIndex);
  return NotebookActions.run(notebook, panel.sessionContext);
}

/** Load the library into the notebook's kernel, by a cell. */
export function loadLibrary(panel: NotebookPanel): Promise<boolean> {
  return runLine(panel, LOAD);
}
