import { TranslationBundle } from '@jupyterlab/translation';

import { IWorkspace } from '../kernel/model';
import { IRoom } from '../types';

/** The box of the chart that only the front end knows: the notebook that is worked in. */
export function workspaceRoom(
  workspace: IWorkspace | null,
  trans: TranslationBundle
): IRoom {
  const name = 'Workspace';
  if (!workspace) {
    const summary = trans.__('no notebook open');
    return { name, state: 'empty', summary, next: null };
  }
  const said = [workspace.name];
  if (workspace.unsaved) {
    said.push(trans.__('not saved'));
  }
  if (workspace.phase === 'no kernel') {
    said.push(trans.__('no kernel'));
  } else if (workspace.busy) {
    said.push(trans.__('a cell runs'));
  }
  return {
    name,
    state: state(workspace),
    summary: said.join(' · '),
    next: workspace.phase === 'not loaded' ? '%load_ext e2e_lab' : null
  };
}

function state(workspace: IWorkspace): IRoom['state'] {
  if (workspace.phase === 'missing' || workspace.hello?.match === false) {
    return 'needs you';
  }
  if (workspace.busy) {
    return 'running';
  }
  return workspace.unsaved ? 'unsaved' : 'clean';
}
