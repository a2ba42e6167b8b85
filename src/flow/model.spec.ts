import { ApiError } from '../api';
import { STATUS } from '../testing/status';
import { IInitialised, IStatus } from '../types';
import { Watch } from '../watch';
import { FlowModel } from './model';

/** A server with projects in some folders. */
class Server {
  readonly projects = new Map<string, IStatus>();
  refusal: ApiError | null = null;

  async status(folder: string): Promise<IStatus> {
    return this.projects.get(folder)!;
  }

  async revision(folder: string): Promise<number | null> {
    return this.projects.get(folder)?.revision ?? null;
  }

  async createProject(folder: string): Promise<IInitialised> {
    if (this.refusal) {
      throw this.refusal;
    }
    this.projects.set(folder, { ...STATUS, project: folder });
    return { path: folder, name: folder, created: ['e2e.toml'] };
  }
}

describe('FlowModel', () => {
  let server: Server;
  let watch: Watch;
  let model: FlowModel;

  beforeEach(() => {
    server = new Server();
    watch = new Watch(server, 'new');
    model = new FlowModel(server, watch);
  });

  afterEach(() => watch.dispose());

  it('is asked for while at least one viewer is seen', () => {
    const [panel, tab] = [{}, {}];
    model.seen(panel, true);
    model.seen(tab, true);
    model.seen(panel, false);
    expect(watch.looking).toBe(true);
    model.seen(tab, false);
    model.seen(tab, false);
    expect(watch.looking).toBe(false);
  });

  it('creates a project and shows it', async () => {
    const created: string[] = [];
    model.created.connect((_, folder) => created.push(folder));
    model.seen(model, true);
    await model.createProject();
    expect(created).toEqual(['new']);
    expect(model.state).toMatchObject({ creating: false, refusal: null });
    expect(model.state.status?.project).toBe('new');
  });

  it('keeps the reason of a refused creation until the folder changes', async () => {
    server.refusal = new ApiError('read_only', 'Not writable.', 'ls -l');
    await model.createProject();
    expect(model.state.creating).toBe(false);
    expect(model.state.refusal?.hint).toBe('ls -l');
    watch.folder = 'other';
    expect(model.state.refusal).toBeNull();
  });
});
