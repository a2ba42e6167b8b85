import { IChangedFile, ICommitEntry, IJob, IWorkingChanges } from '../types';

/** A file that is not committed. */
export function changed(
  path: string,
  more: Partial<IChangedFile> = {}
): IChangedFile {
  return {
    path,
    kind: path.endsWith('.ipynb') ? 'notebook' : 'code',
    change: 'changed',
    dataset: null,
    place: `flights/${path}`,
    ...more
  };
}

/** What the server says of what is not committed. */
export function changes(
  items: IChangedFile[],
  more: Partial<IWorkingChanges> = {}
): IWorkingChanges {
  return {
    git: true,
    branch: 'main',
    head: 'a'.repeat(40),
    author: 'Ada <ada@example.org>',
    items,
    total: items.length,
    left_out: [],
    left_out_total: 0,
    notes: [],
    blocked: null,
    ...more
  };
}

/** A commit as the server lists it. */
export function commit(
  message: string,
  more: Partial<ICommitEntry> = {}
): ICommitEntry {
  return {
    id: `id of ${message}`,
    message,
    author: 'Ada',
    time: '2026-11-22T12:00:00.000Z',
    files: 2,
    kinds: { notebook: 1, code: 1 },
    paths: ['EDA.ipynb', 'train.py'],
    datasets: [],
    ...more
  };
}

/** A job that commits. */
export function job(state: IJob['state'], more: Partial<IJob> = {}): IJob {
  return {
    id: 'j1',
    kind: 'commit',
    title: 'commit “two”',
    state,
    progress: null,
    said: '',
    created: '2026-11-22T12:00:00.000Z',
    started: null,
    ended: null,
    kernel: null,
    result: null,
    answer: null,
    error: null,
    ...more
  };
}
