import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import {
  IColumns,
  IDatasetEntry,
  IDatasetPage,
  IGraph,
  IInitialised,
  IJob,
  IJobPage,
  IKernelCheck,
  IOrigins,
  IProjectPage,
  IRemoved,
  IRenamed,
  IRestored,
  IRows,
  IStatus,
  IVersionDiff,
  IVersionEntry,
  IVersionPage
} from './types';

/** A refusal: what happened, in the user's words, and the next line to type. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly hint = ''
  ) {
    super(message);
    this.name = 'ApiError';
  }
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

/** Long work, as the server is told of it. */
export type JobWish =
  | { kind: 'export'; args: { ref: string; path: string } }
  | { kind: 'ingest'; args: { path: string; name: string } };

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

  /** Whether the Python of a kernelspec has the library. */
  kernelCheck(name: string): Promise<IKernelCheck> {
    return this.get(`kernels/${encodeURIComponent(name)}`, {});
  }

  /** Which cells of a notebook made which snapshots. */
  origins(folder: string, notebook: string): Promise<IOrigins> {
    return this.get('origins', { project: folder, notebook });
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

  /** What the server says of a job while it runs, and its log from a byte on. The caller closes it. */
  jobStream(folder: string, id: string, offset = 0): WebSocket {
    const { wsUrl, token, appendToken, WebSocket } = this.settings;
    const query = {
      project: folder,
      offset: String(offset),
      ...(appendToken && token && { token })
    };
    const path = URLExt.join(wsUrl, 'e2e-lab', 'api', `jobs/${id}/stream`);
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

function of(version: IVersionName, ...what: string[]): string {
  return at(
    version.name,
    'snapshots',
    encodeURIComponent(version.selector),
    ...what
  );
}

function refusal(body: unknown): ApiError {
  const { code, message, hint } = (body ?? {}) as Partial<ApiError>;
  return code && message
    ? new ApiError(code, message, hint)
    : new ApiError(
        'no_extension',
        'The e2e-lab server extension does not answer.',
        'jupyter server extension enable e2e_lab'
      );
}
