import { ApiError, IApi } from '../api';
import { STATUS } from '../testing/status';
import { IInitialised, IStatus } from '../types';
import { FlowModel } from './model';

const NO_PROJECT = new ApiError('no_project', 'No project.', 'e2e init');

/** A server with projects in some folders, that counts what it is asked. */
class Server implements IApi {
  readonly projects = new Map<string, IStatus>();
  revisions = 0;
  statuses = 0;
  down: ApiError | null = null;
  answer: Promise<void> = Promise.resolve();

  async status(folder: string): Promise<IStatus> {
    this.statuses += 1;
    await this.answer;
    return this.find(folder);
  }

  async revision(folder: string): Promise<number | null> {
    this.revisions += 1;
    if (this.down) {
      throw this.down;
    }
    return this.projects.get(folder)?.revision ?? null;
  }

  async createProject(folder: string): Promise<IInitialised> {
    if (this.down) {
      throw this.down;
    }
    this.projects.set(folder, { ...STATUS, project: folder });
    return { path: folder, name: folder, created: ['e2e.toml'] };
  }

  private find(folder: string): IStatus {
    const found = this.projects.get(folder);
    if (this.down || !found) {
      throw this.down ?? NO_PROJECT;
    }
    return found;
  }
}

describe('FlowModel', () => {
  let server: Server;
  let model: FlowModel;

  beforeEach(() => {
    jest.useFakeTimers();
    server = new Server();
    server.projects.set('flights', STATUS);
    model = new FlowModel(server, 'flights', 2);
  });

  afterEach(() => {
    model.dispose();
    jest.useRealTimers();
  });

  const pass = (seconds: number) =>
    jest.advanceTimersByTimeAsync(seconds * 1000);

  it('asks for nothing until it is shown, and for nothing once hidden', async () => {
    await pass(20);
    expect(server.revisions).toBe(0);

    model.show();
    await pass(20);
    expect(server.revisions).toBeGreaterThan(5);

    model.hide();
    await pass(2);
    const before = server.revisions;
    await pass(60);
    expect(server.revisions).toBe(before);
    expect(model.state.status).toEqual(STATUS);
  });

  it('asks for the status only when the revision is another one', async () => {
    model.show();
    await pass(11);
    expect(server.statuses).toBe(1);

    server.projects.set('flights', { ...STATUS, revision: 8, branch: 'next' });
    await pass(2);
    expect(server.statuses).toBe(2);
    expect(model.state.status?.branch).toBe('next');
  });

  it('asks again after a file was saved, and when the status is old', async () => {
    model.show();
    await pass(3);
    model.invalidate();
    await pass(2);
    expect(server.statuses).toBe(2);
    await pass(40);
    expect(server.statuses).toBe(3);
  });

  it('looks at the revision as often as the settings say', async () => {
    model.seconds = 10;
    model.show();
    await pass(35);
    expect(server.revisions).toBe(4);
  });

  it('tells a folder without a project from a failure', async () => {
    model.folder = 'elsewhere';
    model.show();
    await pass(1);
    expect(model.state).toMatchObject({
      phase: 'welcome',
      status: null,
      problem: null
    });
  });

  it('welcomes where the project went away before its status was read', async () => {
    server.answer = Promise.resolve().then(() => {
      server.projects.clear();
    });
    model.show();
    await pass(1);
    expect(model.state).toMatchObject({ phase: 'welcome', problem: null });
  });

  it('keeps what it knew when the server fails, and recovers', async () => {
    model.show();
    await pass(1);
    server.down = new ApiError('network', 'The server does not answer.');
    await pass(3);
    expect(model.state.problem?.code).toBe('network');
    expect(model.state.status).toEqual(STATUS);

    const asked = server.revisions;
    await pass(30);
    expect(server.revisions - asked).toBeLessThan(10); // it backs off

    server.down = null;
    await model.refresh();
    expect(model.state.problem).toBeNull();
  });

  it('drops an answer about a folder that was left meanwhile', async () => {
    let arrive = () => {};
    server.answer = new Promise(resolve => (arrive = resolve));
    server.projects.set('other', { ...STATUS, project: 'other' });
    model.show();
    await pass(1);
    model.folder = 'other';
    arrive();
    await pass(3);
    expect(model.state.status?.project).toBe('other');
  });

  it('creates a project and shows it', async () => {
    model.folder = 'new';
    await model.refresh();
    const created: string[] = [];
    model.created.connect((_, folder) => created.push(folder));
    await model.createProject();
    expect(created).toEqual(['new']);
    expect(model.state).toMatchObject({ phase: 'project', creating: false });
  });

  it('keeps the reason of a refused creation until the folder changes', async () => {
    model.folder = 'new';
    model.show();
    await pass(1);
    server.down = new ApiError('read_only', 'May not be written to.', 'ls -l');
    await model.createProject();
    server.down = null;
    await pass(10);
    expect(model.state).toMatchObject({ phase: 'welcome', creating: false });
    expect(model.state.refusal?.hint).toBe('ls -l');

    model.folder = 'other';
    expect(model.state.refusal).toBeNull();
  });
});
