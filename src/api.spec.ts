import { ServerConnection } from '@jupyterlab/services';

import { Api } from './api';

function answering(status: number, body: string, seen: Request[] = []): Api {
  const fetch = (request: Request) => {
    seen.push(request);
    return Promise.resolve(new Response(body, { status }));
  };
  return new Api(
    ServerConnection.makeSettings({
      baseUrl: 'http://localhost:8888/user/ada/',
      fetch: fetch as typeof globalThis.fetch
    })
  );
}

describe('Api', () => {
  it('asks below the base URL, with the folder encoded', async () => {
    const seen: Request[] = [];
    const api = answering(200, '{"revision": 3}', seen);
    expect(await api.revision('été & co')).toBe(3);
    const url = new URL(seen[0].url);
    expect(url.pathname).toBe('/user/ada/e2e-lab/api/revision');
    expect(url.searchParams.get('project')).toBe('été & co');
  });

  it('knows no revision outside a project', async () => {
    expect(await answering(200, '{"revision": null}').revision('')).toBeNull();
  });

  it('tells code, message and hint of a refusal', async () => {
    const body = '{"code": "no_project", "message": "None.", "hint": "init"}';
    await expect(answering(404, body).status('')).rejects.toMatchObject({
      code: 'no_project',
      message: 'None.',
      hint: 'init'
    });
  });

  it('says what to do where the server extension is off', async () => {
    await expect(
      answering(404, '<html>404</html>').status('')
    ).rejects.toMatchObject({
      code: 'no_extension',
      hint: 'jupyter server extension enable e2e_lab'
    });
  });

  it('says when the server cannot be reached', async () => {
    const api = new Api(
      ServerConnection.makeSettings({
        fetch: () => Promise.reject(new TypeError('refused'))
      })
    );
    await expect(api.createProject('')).rejects.toMatchObject({
      code: 'network'
    });
  });
});
