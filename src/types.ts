/**
 * What the server and the kernel say, made by docs/generate.py from the records
 * in e2e_lab/records: do not edit.
 */

export type Ask = 'name' | 'stage';

export type Cell = string | number | boolean | null;

export type CellKind = 'number' | 'time' | 'text' | 'bool' | 'other';

export type FileChange = 'new' | 'changed' | 'removed';

export type FileKind = 'notebook' | 'code' | 'record' | 'other';

export type FrameKind = 'pandas' | 'polars' | 'arrow';

export type FrameState = 'new' | 'saved' | 'changed';

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export type NodeKind =
  | 'source'
  | 'snapshot'
  | 'run'
  | 'model'
  | 'service'
  | 'prediction'
  | 'commit'
  | 'cells'
  | 'file';

export type RoomState = 'clean' | 'unsaved' | 'running' | 'empty' | 'needs you';

export type SchemaChangeKind = 'added' | 'removed' | 'type' | 'moved';

export type ServiceState = 'serving' | 'unreachable' | 'stopped';

export type WhyLeftOut = 'private' | 'large' | 'data' | 'not ours';

/** The name that a version of a model is to have from now on. */
export interface IAliasWish {
  alias: string;
  version: number;
}

/**
 * What a service answered, one prediction a row, under an id; *seconds* is the
 * time that it took there and back.
 */
export interface IAnswered {
  id: string;
  model: string;
  predictions: unknown[];
  seconds: number;
}

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
 * A file that a commit made now would put in. *dataset* is what happened to the
 * dataset whose record it is.
 */
export interface IChangedFile {
  path: string;
  kind: FileKind;
  change: FileChange;
  dataset: IDatasetChange | null;
  place: string | null;
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
 * A git commit of code and records together. *id* is git's; *left_out* names
 * what was not put into it.
 */
export interface ICommit {
  id: string;
  message: string;
  author: string;
  time: string;
  branch: string | null;
  files: string[];
  datasets: IDatasetChange[];
  left_out: string[];
  changed: boolean;
  first: boolean;
  notes: string[];
}

/**
 * What a commit says. *name* and *email* commit where git knows nobody; *keep*
 * them in the repository's settings.
 */
export interface ICommitArgs {
  message: string;
  name?: string | null;
  email?: string | null;
  keep?: boolean;
  lock?: boolean;
}

/** A commit as one line of the history. *datasets* is what it did to data. */
export interface ICommitEntry {
  id: string;
  message: string;
  author: string;
  time: string;
  files: number;
  kinds: Record<string, number>;
  paths: string[];
  datasets: IDatasetChange[];
}

/** Commits, newest first. */
export interface ICommitPage {
  total: number;
  limit: number;
  offset: number;
  items: ICommitEntry[];
}

/** Rows, and what a service answered to them. */
export interface ICompareWish {
  rows: Record<string, unknown>[];
  predictions: unknown[];
}

/**
 * Whether the kept model itself answers the same; None where it could not be
 * asked, for the reason *why*.
 */
export interface ICompared {
  equal: boolean | null;
  own: unknown[];
  difference: number | null;
  why: string;
}

/** One name and its value in each run, None where a run has none. */
export interface IComparedRow {
  name: string;
  values: (string | null)[];
  differs: boolean;
}

/** What is the same in several runs and what is not, in their order. */
export interface IComparison {
  runs: IRunEntry[];
  params: IComparedRow[];
  metrics: IComparedRow[];
  data: IComparedRow[];
  environment: IComparedRow[];
  code: string[];
  curves: ICurve[];
  missing: string[];
}

/**
 * A metric of a run over its steps, thinned to some hundred; *total* counts the
 * steps that were logged.
 */
export interface ICurve {
  run: string;
  name: string;
  steps: number[];
  values: number[];
  total: number;
}

/**
 * A snapshot that a run read or made; *role* is `input`, `train` or `output`.
 */
export interface IDataUse {
  name: string;
  version: number;
  id: string;
  role: string;
}

/**
 * What a commit did to a dataset: *before* and *after* are version numbers,
 * None where it was not there.
 */
export interface IDatasetChange {
  name: string;
  before: number | null;
  after: number | null;
  change: string;
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

/** A fitted model in the kernel. *run* keeps it, None where none does. */
export interface IFit {
  name: string;
  kind: string;
  suggested: string;
  run: string | null;
  X: string[];
  y: string[];
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
 * The fitted models of the notebook, last assigned first, and the numbers that
 * may be their metrics.
 */
export interface IKernelFits {
  type: 'fits';
  fits: IFit[];
  scalars: IScalar[];
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

/**
 * The versions that a cell has just saved, and the runs that have ended in it.
 */
export interface IKernelMade {
  type: 'made';
  cell: string | null;
  items: IMadeVersion[];
  runs: IMadeRun[];
}

/**
 * A file that a commit would not put in: its name says that keys are inside, it
 * is large, or it is no code.
 */
export interface ILeftOut {
  path: string;
  why: WhyLeftOut;
}

/** A run that has ended in a cell. */
export interface IMadeRun {
  id: string;
  name: string;
  status: string;
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
 * Where MLflow's pages are: under the server's base URL where they are *own*,
 * else at a tracking server.
 */
export interface IMlflowPages {
  own: boolean;
  url: string;
}

/**
 * Which run MLflow's pages are to show; all runs of the project where none is
 * named.
 */
export interface IMlflowWish {
  run?: string | null;
}

/** Versions of registered models, by the model's name, newest version first. */
export interface IModelPage {
  total: number;
  limit: number;
  offset: number;
  items: IRegisteredVersion[];
}

/** A version of a registered model, and the run that made it. */
export interface IModelVersion {
  name: string;
  version: number;
  aliases: string[];
  run: string;
  run_name: string;
  model_id: string;
  changed: boolean;
  notes: string[];
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
 * A model packaged as a Bento, replayed and accepted. *bento* is its tag in the
 * project's BENTOML_HOME.
 */
export interface IPackage {
  service: string;
  version: number;
  model: string;
  model_version: number;
  run: string;
  bento: string;
  path: string;
  replay: IReplay;
  data: IParent[];
  time: string;
  changed: boolean;
  notes: string[];
}

/**
 * Which model version becomes a package, and of which service; one of the
 * model's name by default.
 */
export interface IPackageArgs {
  ref: string;
  service?: string | null;
}

/** Accepted packages with how each answered its stored rows, newest first. */
export interface IPackagePage {
  total: number;
  limit: number;
  offset: number;
  items: IPackage[];
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
 * The exact code of a moment: a commit on a hidden ref, and the hash of the
 * environment lock in it.
 */
export interface IPin {
  commit: string;
  ref: string;
  environment: string;
}

/** The rows that a service is asked for. */
export interface IPredictWish {
  rows: Record<string, unknown>[];
}

/**
 * An answered request as its service's log has it: the first *answers*, and
 * rows only where they are logged.
 */
export interface IPredictionEntry {
  id: string;
  time: string;
  ref: string;
  model: string;
  rows: number;
  seconds: number;
  answers: unknown[];
  inputs: Record<string, unknown>[] | null;
}

/** Answered requests of a service, newest first. */
export interface IPredictionPage {
  total: number;
  limit: number;
  offset: number;
  items: IPredictionEntry[];
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
 * Which run's model gets which name, and alias; *model* says which, where the
 * run kept several.
 */
export interface IRegisterArgs {
  run: string;
  name: string;
  alias?: string | null;
  model?: string | null;
}

/** A version of a registered model, with the run and the data behind it. */
export interface IRegisteredVersion {
  name: string;
  version: number;
  ref: string;
  aliases: string[];
  run: string;
  run_name: string;
  class_name: string;
  data: IParent[];
  time: string | null;
  package: string | null;
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

/**
 * How a built service answered stored rows, against the model. *different*
 * counts answers that were not equal.
 */
export interface IReplay {
  rows: number;
  different: number;
  largest_difference: number;
  seconds: number;
}

/**
 * One column that a model wants in each row: *type* is Arrow's name;
 * *categories* where only these are allowed.
 */
export interface IRequestColumn {
  name: string;
  type: string;
  nullable: boolean;
  categories: unknown[] | null;
  ordered: boolean;
  dtype: string;
}

/**
 * What a service wants in each row, and some real rows: of those that were kept
 * with the model to replay it.
 */
export interface IRequestForm {
  ref: string;
  model: string;
  schema: IRequestSchema;
  rows: Record<string, unknown>[];
  why: string;
}

/**
 * What a model takes and gives: the columns of a row, and the names of its
 * outputs.
 */
export interface IRequestSchema {
  columns: IRequestColumn[];
  outputs: string[];
}

/**
 * What a restore would do: files to write and to remove, and what becomes of
 * datasets.
 */
export interface IRestorePlan {
  revision: string;
  id: string;
  message: string;
  author: string;
  time: string;
  write: string[];
  remove: string[];
  datasets: IDatasetChange[];
  saves: string[];
  notes: string[];
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
 * The git revision to go back to: the whole project, or only *names* (datasets
 * or paths).
 */
export interface IRevisionWish {
  revision: string;
  names?: string[];
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
 * A metric or parameter that runs have: how many of them, and whether their
 * values differ.
 */
export interface IRunColumn {
  name: string;
  kind: 'metric' | 'param';
  runs: number;
  differs: boolean;
}

/** The metrics, then the parameters, those of most runs first. */
export interface IRunColumns {
  items: IRunColumn[];
}

/**
 * One run whole. *cell* is the source of the cell that made it, *cells* how
 * many had run by then.
 */
export interface IRunDetail {
  run: IRunEntry;
  curves: ICurve[];
  uses: IDataUse[];
  kept: IRunModel[];
  pin: IPin | null;
  cell: string | null;
  cells: number;
  packages: number;
  children: number;
  notes: string[];
  missing: string[];
}

/**
 * A run in a listing. *status* is MLflow's word in small letters; *seconds* is
 * None while it runs.
 */
export interface IRunEntry {
  id: string;
  name: string;
  status: string;
  start: string;
  end: string | null;
  seconds: number | null;
  origin: IOrigin;
  parent: string | null;
  params: Record<string, string>;
  metrics: Record<string, number>;
  data: string[];
  models: string[];
  registered: string[];
  live: ICurve | null;
}

/**
 * A model that a run kept. *proof* is `pending`, `equal`, or why it does not
 * load in another process.
 */
export interface IRunModel {
  name: string;
  proof: string;
  registered: string[];
}

/**
 * Runs, newest first unless sorted otherwise; *running* counts those of the
 * project that go on.
 */
export interface IRunPage {
  total: number;
  limit: number;
  offset: number;
  running: number;
  items: IRunEntry[];
}

/**
 * A number in a variable, which may be a metric; *likely* where its name sounds
 * like one.
 */
export interface IScalar {
  name: string;
  value: number;
  likely: boolean;
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

/** Which package is served; with *replace* in the place of another version. */
export interface IServeArgs {
  ref: string;
  replace?: boolean;
  owner?: number | null;
}

/**
 * A service that runs, or could: *ref* is the package that runs, else the
 * newest. Its token is not in here.
 */
export interface IServiceEntry {
  name: string;
  state: ServiceState;
  ref: string;
  newest: string;
  model: string;
  url: string | null;
  since: string | null;
  requests: number;
  p50: number | null;
  p95: number | null;
  package: IPackage;
}

/**
 * What a service's process printed from byte *offset* on; ask again from
 * *next*.
 */
export interface IServiceLog {
  text: string;
  offset: number;
  next: number;
}

/** Services, by name. */
export interface IServicePage {
  total: number;
  limit: number;
  offset: number;
  items: IServiceEntry[];
}

/**
 * On a service's stream: it printed something; *offset* is less than before
 * where it was started anew.
 */
export interface IServicePrinted {
  type: 'log';
  text: string;
  offset: number;
  next: number;
}

/** What lets a request into a running service. */
export interface IServiceToken {
  token: string;
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

/**
 * A service that was ended; *was_running* is False where there was nothing to
 * end.
 */
export interface IStopped {
  name: string;
  version: number;
  was_running: boolean;
}

/** A value and how many rows have it. */
export interface ITopValue {
  value: Cell;
  count: number;
}

/** How a service was asked in the last hour. */
export interface ITraffic {
  minutes: number[];
  p50: number | null;
  p95: number | null;
  capped: boolean;
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

/**
 * What a commit made now would put in, and what not; as many of each as were
 * asked for, and how many there are.
 */
export interface IWorkingChanges {
  git: boolean;
  branch: string | null;
  head: string | null;
  author: string | null;
  items: IChangedFile[];
  total: number;
  left_out: ILeftOut[];
  left_out_total: number;
  notes: string[];
  blocked: IProblem | null;
}
