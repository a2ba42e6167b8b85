import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { IInitialised, IStatus } from './types';

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

/** The questions that the sidebar asks; folders are paths under the server's root. */
export interface IApi {
  status(folder: string): Promise<IStatus>;
  /** Grows with every change; null outside a project. */
  revision(folder: string): Promise<number | null>;
  createProject(folder: string): Promise<IInitialised>;
}

/** The only caller of the server extension. Every failure is an `ApiError`. */
export class Api implements IApi {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  status(folder: string): Promise<IStatus> {
    return this.request(`status${query(folder)}`);
  }

  async revision(folder: string): Promise<number | null> {
    const answer = await this.request<{ revision: number | null }>(
      `revision${query(folder)}`
    );
    return answer.revision;
  }

  createProject(folder: string): Promise<IInitialised> {
    return this.request('projects', {
      method: 'POST',
      body: JSON.stringify({ path: folder })
    });
  }

  private async request<T>(route: string, init: RequestInit = {}): Promise<T> {
    const url = URLExt.join(this.settings.baseUrl, 'e2e-lab', 'api', route);
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch {
      throw new ApiError('network', 'The Jupyter server does not answer.');
    }
    const body: unknown = await response.json().catch(() => null);
    if (response.ok && body !== null) {
      return body as T;
    }
    throw refusal(body);
  }
}

function query(folder: string): string {
  return URLExt.objectToQueryString({ project: folder });
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
