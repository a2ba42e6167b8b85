import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import {
  IAliasWish,
  IAnswered,
  IColumns,
  ICommitPage,
  ICompared,
  IComparison,
  IDatasetEntry,
  IDatasetPage,
  IGraph,
  IInitialised,
  IJob,
  IJobPage,
  IKernelCheck,
  IMlflowPages,
  IModelPage,
  IModelVersion,
  IOrigins,
  IPackageArgs,
  IPredictionPage,
  IProjectPage,
  IRegisterArgs,
  IRegisteredVersion,
  IRemoved,
  IRenamed,
  IRequestForm,
  IRestorePlan,
  IRestored,
  IRows,
  IRunColumns,
  IRunDetail,
  IRunPage,
  IServeArgs,
  IServiceEntry,
  IServicePage,
  IStatus,
  IStopped,
  ITraffic,
  IVersionDiff,
  IVersionEntry,
  IVersionPage,
  IWorkingChanges
} from './types';

/** A refusal: what happened, in the user's words, and the next line to type. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly hint = '',
    /** What is wrong with each column, where a service said so. */
    readonly errors: readonly IFault[] = []
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** What a service finds wrong with one value of a row. */
export interface IFault {
  readonly row: number | null;
  readonly column: string | null;
  readonly message: string;
}

/** Any failure as a refusal that can be shown. */
export function problemOf(error: unknown): ApiError {
  return error instanceof ApiError
    ? error
    : new ApiError('error', String(error));
}

/** A version of a dataset in a project. */
export interface IVersionName {
  readonly folder: string;
  readonly name: string;
  /** As in `name@selector`. */
  readonly selector: string;
}

/** A service of the project around a folder. */
export interface IServiceName {
  readonly folder: string;
  readonly name: string;
}

/** Which runs are wanted, and in which order. */
export interface IRunsWanted {
  readonly limit?: number;
  readonly offset?: number;
  /** A metric or parameter, or time, name, status, seconds; `-` before it turns the order. */
  readonly sort?: string;
  readonly match?: string;
  /** The notebook whose runs are wanted alone, or before all others. */
  readonly notebook?: string;
  readonly first?: string;
  readonly pin?: readonly string[];
  readonly column?: readonly string[];
}

/** What a commit says, and who commits where git does not know. */
export interface ICommitWish {
  readonly message: string;
  /** Whether the kernel's Python is the one whose packages are locked. */
  readonly lock: boolean;
  readonly name?: string;
  readonly email?: string;
  readonly keep?: boolean;
}

/** Long work, as the server is told of it. */
export type JobWish =
  | { kind: 'commit'; args: ICommitWish }
  | { kind: 'export'; args: { ref: string; path: string } }
  | { kind: 'ingest'; args: { path: string; name: string } }
  | { kind: 'package'; args: IPackageArgs }
  | { kind: 'serve'; args: IServeArgs }
  | { kind: 'register'; args: IRegisterArgs }
  | { kind: 'verify'; args: { refs: readonly string[] } };

/** How many of a listing come at once. */
const PAGE = 1000;

/** The only caller of the server extension. Folders are paths under the server's root; every failure is an `ApiError`. */
export class Api {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  status(folder: string): Promise<IStatus> {
    return this.get('status', { project: folder });
  }

  async revision(folder: string): Promise<number | null> {
    const answer = await this.get<{ revision: number | null }>('revision', {
      project: folder
    });
    return answer.revision;
  }

  projects(): Promise<IProjectPage> {
    return this.get('projects', { limit: 200 });
  }

  createProject(folder: string): Promise<IInitialised> {
    return this.post('projects', {}, { path: folder });
  }

  /** All datasets, raw before processed. */
  async datasets(folder: string): Promise<IDatasetEntry[]> {
    const items: IDatasetEntry[] = [];
    for (;;) {
      const page = await this.get<IDatasetPage>('datasets', {
        project: folder,
        limit: PAGE,
        offset: items.length
      });
      items.push(...page.items);
      if (page.items.length === 0 || items.length >= page.total) {
        return items;
      }
    }
  }

  dataset(folder: string, name: string): Promise<IDatasetEntry> {
    return this.get(at(name), { project: folder });
  }

  removeDataset(folder: string, name: string): Promise<IRemoved> {
    return this.ask(at(name), { project: folder }, { method: 'DELETE' });
  }

  renameDataset(folder: string, name: string, to: string): Promise<IRenamed> {
    return this.post(at(name, 'rename'), { project: folder }, { new: to });
  }

  restoreDataset(version: IVersionName): Promise<IRestored> {
    const { folder, name, selector } = version;
    return this.post(at(name, 'restore'), { project: folder }, { selector });
  }

  /** Newest first, also of a dataset that was removed. */
  versions(folder: string, name: string, limit = PAGE): Promise<IVersionPage> {
    return this.get(at(name, 'snapshots'), { project: folder, limit });
  }

  version(version: IVersionName): Promise<IVersionEntry> {
    return this.get(of(version), { project: version.folder });
  }

  rows(
    version: IVersionName,
    window: { offset: number; limit: number; columns?: readonly string[] }
  ): Promise<IRows> {
    const { offset, limit, columns } = window;
    const query = { project: version.folder, offset, limit, column: columns };
    return this.get(of(version, 'rows'), query);
  }

  columns(
    version: IVersionName,
    columns: readonly string[]
  ): Promise<IColumns> {
    const query = { project: version.folder, column: columns };
    return this.get(of(version, 'columns'), query);
  }

  lineage(version: IVersionName): Promise<IGraph> {
    return this.get(of(version, 'lineage'), { project: version.folder });
  }

  diff(
    folder: string,
    dataset: string,
    a: string,
    b: string
  ): Promise<IVersionDiff> {
    return this.get('diff', { project: folder, dataset, a, b });
  }

  /** What is not committed. */
  changes(folder: string): Promise<IWorkingChanges> {
    return this.get('changes', { project: folder, limit: PAGE });
  }

  /** What was, newest first. */
  commits(folder: string, offset: number, limit: number): Promise<ICommitPage> {
    return this.get('commits', { project: folder, offset, limit });
  }

  /** What going back to a revision would do. */
  previewRestore(
    folder: string,
    revision: string,
    names: readonly string[]
  ): Promise<IRestorePlan> {
    return this.get('restore', { project: folder, revision, name: names });
  }

  restore(
    folder: string,
    revision: string,
    names: readonly string[]
  ): Promise<IRestored> {
    return this.post('restore', { project: folder }, { revision, names });
  }

  /** Whether the Python of a kernelspec has the library. */
  kernelCheck(name: string): Promise<IKernelCheck> {
    return this.get(`kernels/${encodeURIComponent(name)}`, {});
  }

  /** Which cells of a notebook made which snapshots. */
  origins(folder: string, notebook: string): Promise<IOrigins> {
    return this.get('origins', { project: folder, notebook });
  }

  runs(folder: string, wanted: IRunsWanted = {}): Promise<IRunPage> {
    return this.get('runs', { project: folder, ...wanted });
  }

  /** The metrics and parameters that runs have. */
  runColumns(folder: string): Promise<IRunColumns> {
    return this.get('runs/columns', { project: folder });
  }

  run(folder: string, id: string): Promise<IRunDetail> {
    return this.get(`runs/${encodeURIComponent(id)}`, { project: folder });
  }

  /** What differs between two runs or more. */
  compareRuns(folder: string, ids: readonly string[]): Promise<IComparison> {
    const [first, ...others] = ids;
    const query = { project: folder, with: others };
    return this.get(`runs/${encodeURIComponent(first)}/comparison`, query);
  }

  /** Have MLflow's own pages ready, at one run where one is named. */
  async mlflow(folder: string, run: string | null): Promise<IMlflowPages> {
    const query = { project: folder };
    const pages = await this.post<IMlflowPages>('mlflow', query, { run });
    const { baseUrl } = this.settings;
    return pages.own ? { ...pages, url: `${baseUrl}${pages.url}` } : pages;
  }

  jobs(folder: string, limit = 50): Promise<IJobPage> {
    return this.get('jobs', { project: folder, limit });
  }

  job(folder: string, id: string): Promise<IJob> {
    return this.get(`jobs/${id}`, { project: folder });
  }

  startJob(
    folder: string,
    wish: JobWish,
    kernel: string | null
  ): Promise<IJob> {
    return this.post('jobs', { project: folder }, { ...wish, kernel });
  }

  cancelJob(folder: string, id: string): Promise<IJob> {
    return this.post(`jobs/${id}/cancel`, { project: folder }, {});
  }

  /** What a job has printed, from its beginning. */
  async jobLog(folder: string, id: string): Promise<string> {
    const query = { project: folder };
    return (await this.get<{ text: string }>(`jobs/${id}/log`, query)).text;
  }

  /** Every version of every registered model, newest first. */
  async models(folder: string): Promise<IRegisteredVersion[]> {
    const query = { project: folder, limit: PAGE };
    return (await this.get<IModelPage>('models', query)).items;
  }

  setAlias(
    folder: string,
    model: string,
    wish: IAliasWish
  ): Promise<IModelVersion> {
    const route = `models/${encodeURIComponent(model)}/aliases`;
    return this.post(route, { project: folder }, wish);
  }

  removeAlias(
    folder: string,
    model: string,
    alias: string
  ): Promise<IModelVersion> {
    const [name, its] = [model, alias].map(encodeURIComponent);
    const route = `models/${name}/aliases/${its}`;
    return this.ask(route, { project: folder }, { method: 'DELETE' });
  }

  async services(folder: string): Promise<IServiceEntry[]> {
    const query = { project: folder, limit: PAGE };
    return (await this.get<IServicePage>('services', query)).items;
  }

  service({ folder, name }: IServiceName): Promise<IServiceEntry> {
    return this.get(service(name), { project: folder });
  }

  stopService({ folder, name }: IServiceName): Promise<IStopped> {
    return this.post(service(name, 'stop'), { project: folder }, {});
  }

  /** What lets a request in: asked for only when somebody wants to see it. */
  async serviceToken({ folder, name }: IServiceName): Promise<string> {
    const route = service(name, 'token');
    const query = { project: folder };
    return (await this.post<{ token: string }>(route, query, {})).token;
  }

  /** What a row holds, and some real rows. */
  requestForm({ folder, name }: IServiceName): Promise<IRequestForm> {
    return this.get(service(name, 'schema'), { project: folder });
  }

  /** Ask a service. The rows are JSON: whole numbers beyond those of JavaScript stay as they are. */
  predict({ folder, name }: IServiceName, rows: string): Promise<IAnswered> {
    const init = { method: 'POST', body: `{"rows": ${rows}}` };
    return this.ask(service(name, 'predict'), { project: folder }, init);
  }

  /** Whether the kept model itself answers these rows so. */
  compare(
    { folder, name }: IServiceName,
    rows: string,
    predictions: readonly unknown[]
  ): Promise<ICompared> {
    const given = JSON.stringify(predictions);
    const body = `{"rows": ${rows}, "predictions": ${given}}`;
    const init = { method: 'POST', body };
    return this.ask(service(name, 'compare'), { project: folder }, init);
  }

  /** The requests that a service answered, newest first. */
  predictions(
    { folder, name }: IServiceName,
    offset: number,
    limit: number
  ): Promise<IPredictionPage> {
    const query = { project: folder, offset, limit };
    return this.get(service(name, 'predictions'), query);
  }

  traffic({ folder, name }: IServiceName): Promise<ITraffic> {
    return this.get(service(name, 'traffic'), { project: folder });
  }

  /** What is behind a prediction, as a graph. */
  trace(folder: string, subject: string): Promise<IGraph> {
    return this.get('trace', { project: folder, subject });
  }

  /** What a service prints, from a byte on. The caller closes it. */
  serviceStream({ folder, name }: IServiceName, offset = 0): WebSocket {
    return this.stream(service(name, 'stream'), folder, offset);
  }

  /** What the server says of a job while it runs, and its log from a byte on. The caller closes it. */
  jobStream(folder: string, id: string, offset = 0): WebSocket {
    return this.stream(`jobs/${id}/stream`, folder, offset);
  }

  private stream(route: string, folder: string, offset: number): WebSocket {
    const { wsUrl, token, appendToken, WebSocket } = this.settings;
    const query = {
      project: folder,
      offset: String(offset),
      ...(appendToken && token && { token })
    };
    const path = URLExt.join(wsUrl, 'e2e-lab', 'api', route);
    return new WebSocket(path + URLExt.objectToQueryString(query));
  }

  private get<T>(route: string, query: Query): Promise<T> {
    return this.ask(route, query, {});
  }

  private post<T>(route: string, query: Query, body: object): Promise<T> {
    return this.ask(route, query, {
      method: 'POST',
      body: JSON.stringify(body)
    });
  }

  private async ask<T>(
    route: string,
    query: Query,
    init: RequestInit
  ): Promise<T> {
    const { baseUrl } = this.settings;
    const url = URLExt.join(baseUrl, 'e2e-lab', 'api', route) + words(query);
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch {
      throw new ApiError(
        'network',
        'The Jupyter server does not answer; what is shown is from before.'
      );
    }
    const body: unknown = await response.json().catch(() => null);
    if (response.ok && body !== null) {
      return body as T;
    }
    throw refusal(body);
  }
}

/** The questions that can be asked; a test answers them itself. */
export type IApi = Pick<Api, keyof Api>;

type Query = Readonly<
  Record<string, string | number | readonly string[] | undefined>
>;

function words(query: Query): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) {
        search.append(key, String(one));
      }
    }
  }
  const text = search.toString();
  return text && `?${text}`;
}

function at(name: string, ...more: string[]): string {
  return ['datasets', encodeURIComponent(name), ...more].join('/');
}

function service(name: string, ...more: string[]): string {
  return ['services', encodeURIComponent(name), ...more].join('/');
}

function of(version: IVersionName, ...what: string[]): string {
  return at(
    version.name,
    'snapshots',
    encodeURIComponent(version.selector),
    ...what
  );
}

function refusal(body: unknown): ApiError {
  const { code, message, hint, errors } = (body ?? {}) as Partial<ApiError>;
  return code && message
    ? new ApiError(code, message, hint, errors)
    : new ApiError(
        'no_extension',
        'The e2e-lab server extension does not answer.',
        'jupyter server extension enable e2e_lab'
      );
}
