import { IWorkspace } from '../kernel/model';
import { IDatasetEntry, IFrame, IRunEntry, IVersionEntry } from '../types';

/** A dataset as the server lists it. */
export function dataset(
  name: string,
  more: Partial<IDatasetEntry> = {}
): IDatasetEntry {
  return {
    name,
    stage: 'raw',
    version: 1,
    ref: `${name}@v${more.version ?? 1}`,
    id: `id of ${name}`,
    rows: 336_776,
    columns: 19,
    bytes: 5_300_000,
    versions: 1,
    time: '2026-11-22T12:00:00.000Z',
    author: 'Ada',
    message: null,
    source: null,
    key: [],
    saved: true,
    ...more
  };
}

/** A version as the server lists it. */
export function version(n: number, current = false): IVersionEntry {
  return {
    name: 'flights',
    stage: 'raw',
    version: n,
    ref: `flights@v${n}`,
    selector: `v${n}`,
    id: `id ${n}`,
    time: '2026-11-22T12:00:00.000Z',
    author: 'Ada',
    message: null,
    rows: 1000,
    columns: 3,
    bytes: 40_000,
    key: [],
    parents: [],
    source: null,
    origin: { notebook: null, cell: null },
    previous: null,
    stored: true,
    current,
    change: n > 1 ? '+1 column' : ''
  };
}

/** A table in a kernel. */
export function frame(name: string, more: Partial<IFrame> = {}): IFrame {
  return {
    name,
    kind: 'pandas',
    rows: 336_776,
    columns: 19,
    bytes: null,
    state: 'new',
    ref: null,
    dataset: name,
    stage: 'raw',
    asks: [],
    magic: `%e2e snapshot ${name}`,
    made_from: `${name}.csv`,
    ...more
  };
}

/** A notebook whose kernel has the library. */
export function workspace(more: Partial<IWorkspace> = {}): IWorkspace {
  return {
    name: 'late.ipynb',
    path: 'flights/late.ipynb',
    kernel: 'python3',
    kernelLabel: 'Python 3',
    unsaved: false,
    phase: 'live',
    busy: false,
    hello: null,
    project: null,
    install: '',
    frames: [],
    total: more.frames?.length ?? 0,
    fits: [],
    scalars: [],
    ...more
  };
}

/** A run as the server lists it. */
export function run(name: string, more: Partial<IRunEntry> = {}): IRunEntry {
  return {
    id: `${name}-id`,
    name,
    status: 'finished',
    start: '2026-11-22T12:00:00.000Z',
    end: '2026-11-22T12:01:00.000Z',
    seconds: 60,
    origin: { notebook: null, cell: null },
    parent: null,
    params: {},
    metrics: {},
    data: [],
    models: [],
    registered: [],
    live: null,
    ...more
  };
}
