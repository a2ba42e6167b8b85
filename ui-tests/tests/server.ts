import { ChildProcess, execFileSync, spawn } from 'child_process';
import * as fs from 'fs';
import { AddressInfo, createServer } from 'net';
import * as os from 'os';
import * as path from 'path';

const HERE = path.join(__dirname, '..');
const CONFIG = 'jupyter_server_test_config.py';

/** A real Jupyter server of a test's own, that can be stopped and started again at the same address. */
export class Server {
  /**
   * With one project, `flights`; `other`: e2e-lab is another version there than in the page; `nobody`: git does
   * not know who commits; `empty`: no project, but a folder of this name with nothing in it; `app`: another than
   * JupyterLab, by its module; `words`: said on its command line, too.
   */
  static async start(
    options: {
      other?: boolean;
      nobody?: boolean;
      empty?: string;
      app?: string;
      words?: readonly string[];
    } = {}
  ): Promise<Server> {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), 'e2e-lab-ui-'));
    if (options.empty) {
      fs.mkdirSync(path.join(root, options.empty));
    } else {
      make('flights', path.join(root, 'flights'));
    }
    const environment: NodeJS.ProcessEnv = {
      E2E_ROOT: root,
      JUPYTER_CONFIG_DIR: path.join(root, '.jupyter'),
      JUPYTER_DATA_DIR: path.join(root, '.jupyter', 'data')
    };
    if (options.other) {
      environment.PYTHONPATH = path.join(root, '.other');
      make('other_version', environment.PYTHONPATH);
    }
    if (options.nobody) {
      const nowhere = {
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_NOSYSTEM: '1'
      };
      Object.assign(environment, { E2E_NOBODY: '1', ...nowhere });
      const folder = path.join(root, 'flights');
      for (const name of options.empty ? [] : ['user.name', 'user.email']) {
        execFileSync('git', ['-C', folder, 'config', '--unset', name]);
      }
    }
    const { app = 'jupyterlab', words = [] } = options;
    const server = new Server(root, await freePort(), environment, [
      ...['-m', app, '--config', path.join(HERE, CONFIG)],
      ...words
    ]);
    await server.start();
    return server;
  }

  private constructor(
    readonly root: string,
    private readonly port: number,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly words: readonly string[]
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this._process = spawn('python', this.words, {
      cwd: this.root,
      env: {
        ...process.env,
        ...this.environment,
        E2E_PORT: String(this.port)
      },
      stdio: 'ignore'
    });
    const until = Date.now() + 60_000;
    while (!(await answers(`${this.url}/api`))) {
      if (Date.now() > until || this._process.exitCode !== null) {
        throw new Error('the server does not start');
      }
      await new Promise(resolve => setTimeout(resolve, 200));
    }
  }

  /** End the server's process, and wait for its end. */
  async stop(): Promise<void> {
    const server = this._process;
    if (server && server.exitCode === null) {
      const ended = new Promise(resolve => server.once('exit', resolve));
      server.kill('SIGTERM');
      await ended;
    }
  }

  async remove(): Promise<void> {
    await this.stop();
    fs.rmSync(this.root, { recursive: true, force: true });
  }

  private _process: ChildProcess | null = null;
}

/** Make one of the things of `projects.py`. */
export function make(what: string, folder: string): void {
  if (!fs.existsSync(folder)) {
    execFileSync('python', ['projects.py', what, folder], { cwd: HERE });
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    answer => answer.ok,
    () => false
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}
