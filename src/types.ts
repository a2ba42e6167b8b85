/**
 * What the server and the kernel say, made by docs/generate.py from the records
 * in e2e_lab/records: do not edit.
 */

export type Ask = 'name' | 'stage';

export type Cell = string | number | boolean | null;

export type CellKind = 'number' | 'time' | 'text' | 'bool' | 'other';

export type FrameKind = 'pandas' | 'polars' | 'arrow';

export type FrameState = 'new' | 'saved' | 'changed';

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export type NodeKind = 'source' | 'snapshot' | 'run' | 'model' | 'service';

export type RoomState = 'clean' | 'unsaved' | 'running' | 'empty' | 'needs you';

export type SchemaChangeKind = 'added' | 'removed' | 'type' | 'moved';

/** A version and the cell of a notebook that made it. */
export interface ICellOrigin {
  cell: string;
  ref: string;
  name: string;
  version: number;
  rows: number;
  columns: number;
  time: string;
}

/**
 * One column of a snapshot's schema; *type* is Arrow's name for it, `int64` or
 * `timestamp[ns, tz=UTC]`.
 */
export interface IColumn {
  name: string;
  type: string;
  nullable: boolean;
  index: boolean;
}

/**
 * What is in a column: nulls, distinct values, range; a histogram of equal
 * widths, or the most frequent values.
 */
export interface IColumnProfile {
  name: string;
  type: string;
  kind: CellKind;
  index: boolean;
  nullable: boolean;
  nulls: number;
  distinct: number | null;
  low: Cell;
  high: Cell;
  mean: number | null;
  counts: number[];
  top: ITopValue[];
}

/** The profiles of some of a version's columns, in their order. */
export interface IColumns {
  ref: string;
  id: string;
  rows: number;
  items: IColumnProfile[];
}

/**
 * What a commit did to a dataset: *before* and *after* are version numbers,
 * None where it was not there.
 */
export interface IDatasetChange {
  name: string;
  before: number | null;
  after: number | null;
}

/**
 * A dataset in a listing. *bytes* are those of all its versions; *saved*: git
 * has the record as it is.
 */
export interface IDatasetEntry {
  name: string;
  stage: string;
  version: number;
  ref: string;
  id: string;
  rows: number;
  columns: number;
  bytes: number;
  versions: number;
  time: string;
  author: string | null;
  message: string | null;
  source: string | null;
  key: string[];
  saved: boolean;
}

/** Datasets, raw before processed, by name. */
export interface IDatasetPage {
  total: number;
  limit: number;
  offset: number;
  items: IDatasetEntry[];
}

/**
 * Which version goes to which file or folder under the server's root; the
 * project's folder by default.
 */
export interface IExportArgs {
  ref: string;
  path?: string | null;
}

/** A version written outside the store as one ordinary file. */
export interface IExported {
  ref: string;
  path: string;
  rows: number;
  bytes: number;
}

/**
 * Something stored that is not as it should be: which file, what is wrong,
 * which versions need it, what to do.
 */
export interface IFinding {
  file: string;
  problem: string;
  versions: string[];
  fix: string;
}

/**
 * A table in the kernel, by what is cheap to know, and the line that saves it.
 */
export interface IFrame {
  name: string;
  kind: FrameKind;
  rows: number;
  columns: number;
  bytes: number | null;
  state: FrameState;
  ref: string | null;
  dataset: string | null;
  stage: string | null;
  asks: Ask[];
  magic: string;
  made_from: string | null;
}

/**
 * What came from what around one version; *missing* names what could not be
 * asked.
 */
export interface IGraph {
  focus: string;
  nodes: IGraphNode[];
  edges: IGraphEdge[];
  missing: string[];
}

/**
 * Data went from *source* to *target*; *inferred*: nobody said so, the
 * session's cells suggest it.
 */
export interface IGraphEdge {
  source: string;
  target: string;
  inferred: boolean;
}

/**
 * One thing in a graph; *depth*: 0 for what was asked for, less for its
 * origins, more for what came of it.
 */
export interface IGraphNode {
  id: string;
  kind: NodeKind;
  name: string;
  detail: string;
  ref: string | null;
  depth: number;
}

/** A column of a window of rows; *index*: a level of a pandas frame's index. */
export interface IGridColumn {
  name: string;
  type: string;
  kind: CellKind;
  index: boolean;
}

/** Which file under the server's root becomes a version of which dataset. */
export interface IIngestArgs {
  path: string;
  name: string;
  key?: string[];
  message?: string | null;
}

/** The folder that is to be a project, under the server's root. */
export interface IInitWish {
  path: string;
}

/**
 * A project that was made or completed; *created* names the files and settings
 * that were not there before.
 */
export interface IInitialised {
  path: string;
  name: string;
  created: string[];
}

/**
 * A job and how it stands. *progress* goes from 0 to 1, None where nobody
 * knows; *said* is its last line.
 */
export interface IJob {
  id: string;
  kind: string;
  title: string;
  state: JobState;
  progress: number | null;
  said: string;
  created: string;
  started: string | null;
  ended: string | null;
  kernel: string | null;
  result: Record<string, unknown> | null;
  answer: string | null;
  error: IProblem | null;
}

/** On a job's stream: it stands otherwise than before. */
export interface IJobChanged {
  type: 'job';
  job: IJob;
}

/** What a job printed from byte *offset* on; ask again from *next*. */
export interface IJobLog {
  text: string;
  offset: number;
  next: number;
}

/** Jobs, newest first. */
export interface IJobPage {
  total: number;
  limit: number;
  offset: number;
  items: IJob[];
}

/** On a job's stream: it printed something. */
export interface IJobPrinted {
  type: 'log';
  text: string;
  next: number;
}

/**
 * What is to be done: a kind of job, what it takes, and the kernel (by name)
 * whose Python does it.
 */
export interface IJobWish {
  kind: string;
  kernel?: string | null;
  args?: Record<string, unknown>;
}

/**
 * Whether the Python of a kernel has this e2e-lab: its *version* there, None
 * where it has none.
 */
export interface IKernelCheck {
  kernel: string;
  version: string | null;
  match: boolean;
  install: string;
}

/**
 * The tables of the notebook, last assigned first; *total* counts also those
 * that are left out.
 */
export interface IKernelFrames {
  type: 'frames';
  project: string | null;
  total: number;
  frames: IFrame[];
}

/**
 * The library in the kernel: its version, and whether that is the front end's;
 * *install* mends it where not.
 */
export interface IKernelHello {
  type: 'hello';
  version: string;
  format: number;
  python: string;
  install: string;
  project: string | null;
  match: boolean;
}

/** The versions that a cell has just saved. */
export interface IKernelMade {
  type: 'made';
  cell: string | null;
  items: IMadeVersion[];
}

/**
 * A version that a cell saved; *changed* is False where nothing new was
 * written.
 */
export interface IMadeVersion {
  ref: string;
  name: string;
  version: number;
  changed: boolean;
  rows: number;
  columns: number;
  bytes: number;
  text: string;
}

/**
 * Where the notebook is, as the front end (of this *version*) knows: *path*
 * under the server's *root*.
 */
export interface INotebookPath {
  type: 'notebook';
  root: string;
  path: string;
  version: string;
}

/**
 * Where something was made: a notebook or script (relative to the project) and
 * the cell in it.
 */
export interface IOrigin {
  notebook: string | null;
  cell: string | null;
}

/** The versions that the cells of one notebook made, newest first. */
export interface IOrigins {
  items: ICellOrigin[];
}

/**
 * A snapshot that another was made from. *inferred* says how it was found when
 * nobody said so.
 */
export interface IParent {
  name: string;
  version: number;
  id: string;
  inferred: string | null;
}

/**
 * A refusal as it travels: a stable code, what happened, and the next line to
 * type.
 */
export interface IProblem {
  code: string;
  message: string;
  hint: string;
}

/** A project under the server's root; *path* is relative to it. */
export interface IProjectEntry {
  path: string;
  name: string;
}

/**
 * The projects under the server's root, by path; *root* is that folder,
 * *version* the server's e2e-lab.
 */
export interface IProjectPage {
  total: number;
  limit: number;
  offset: number;
  root: string;
  version: string;
  items: IProjectEntry[];
}

/**
 * A dataset that left the current project; its versions stay in history and in
 * the store.
 */
export interface IRemoved {
  name: string;
  version: number;
  stage: string;
}

/** The name that a dataset is to have. */
export interface IRenameWish {
  new: string;
}

/** A dataset that has another name now. */
export interface IRenamed {
  old: string;
  new: string;
}

/** The version that is to be the current one again. */
export interface IRestoreWish {
  selector: string;
}

/**
 * Files and records that are again as they were; *saved* is the ref that keeps
 * what they replaced.
 */
export interface IRestored {
  revision: string;
  files: string[];
  datasets: IDatasetChange[];
  saved: string | null;
  notes: string[];
}

/**
 * A number that grows with every change of the project; None outside a project.
 */
export interface IRevision {
  revision: number | null;
}

/**
 * One box of the workflow chart: its *state* is `clean`, `unsaved`, `running`,
 * `empty` or `needs you`.
 */
export interface IRoom {
  name: string;
  state: RoomState;
  summary: string;
  next: string | null;
}

/**
 * A window of a version's rows: *cells* holds one tuple a column, from row
 * *offset* on, of *total* rows.
 */
export interface IRows {
  ref: string;
  id: string;
  total: number;
  offset: number;
  columns: IGridColumn[];
  cells: Cell[][];
}

/**
 * A column that one version has and the other has not, or has otherwise;
 * *before* and *after* are its types.
 */
export interface ISchemaChange {
  name: string;
  change: SchemaChangeKind;
  before: string | null;
  after: string | null;
}

/**
 * One immutable version of a dataset. What `data/STAGE/NAME.json` holds, plus
 * how this call went.
 */
export interface ISnapshot {
  name: string;
  stage: string;
  id: string;
  version: number;
  previous: IVersionRef | null;
  rows: number;
  schema: IColumn[];
  parents: IParent[];
  source: string | null;
  key: string[];
  message: string | null;
  author: string | null;
  time: string;
  origin: IOrigin;
  changed: boolean;
  saved: boolean;
  bytes_stored: number;
  notes: string[];
}

/** Where the project stands, with what the server knows of itself. */
export interface IStatus {
  project: string;
  path: string;
  branch: string | null;
  revision: number;
  rooms: IRoom[];
  unsaved: string[];
  disk: number;
  next: string | null;
  version: string;
  root: string;
  folder: string | null;
  writable: boolean;
  git: boolean;
}

/** A value and how many rows have it. */
export interface ITopValue {
  value: Cell;
  count: number;
}

/**
 * What a verification read, and what it found. *decoded*: tables were decoded
 * and their content ids computed anew.
 */
export interface IVerified {
  versions: number;
  files: number;
  bytes: number;
  seconds: number;
  decoded: boolean;
  findings: IFinding[];
  absent: string[];
}

/** Which versions are read again; all that is stored where none is named. */
export interface IVerifyArgs {
  refs?: string[];
}

/**
 * What differs between two versions, by their records: schema, numbers of rows
 * and columns, bytes stored.
 */
export interface IVersionDiff {
  a: IVersionEntry;
  b: IVersionEntry;
  same: boolean;
  schema: ISchemaChange[];
  rows: number;
  columns: number;
  bytes: number | null;
  summary: string;
}

/**
 * A version in a timeline. *selector* names it in addresses; *change* is what
 * it did to the one before, in words.
 */
export interface IVersionEntry {
  name: string;
  stage: string;
  version: number;
  ref: string;
  selector: string;
  id: string;
  time: string;
  author: string | null;
  message: string | null;
  rows: number;
  columns: number;
  bytes: number | null;
  key: string[];
  parents: IParent[];
  source: string | null;
  origin: IOrigin;
  previous: IVersionRef | null;
  stored: boolean;
  current: boolean;
  change: string;
}

/** The versions of a dataset, newest first. */
export interface IVersionPage {
  total: number;
  limit: number;
  offset: number;
  items: IVersionEntry[];
}

/** Which version came before. */
export interface IVersionRef {
  version: number;
  id: string;
}
