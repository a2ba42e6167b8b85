import { ApiError } from './api';
import { IFollower, Watch } from './watch';

const NO_PROJECT = new ApiError('no_project', 'No project.', 'e2e init');

/** A server that counts how often it is asked for the revision. */
class Server {
  readonly projects = new Map([['flights', 7]]);
  asked = 0;
  down: ApiError | null = null;

  async revision(folder: string): Promise<number | null> {
    this.asked += 1;
    if (this.down) {
      throw this.down;
    }
    return this.projects.get(folder) ?? null;
  }
}

/** Counts what it is told. */
class Follower implements IFollower {
  asked = 0;
  shown: string[] = [];
  forgotten = 0;
  answer: Promise<void> = Promise.resolve();

  async ask(folder: string): Promise<() => void> {
    this.asked += 1;
    await this.answer;
    return () => this.shown.push(folder);
  }

  forget(): void {
    this.forgotten += 1;
  }
}

describe('Watch', () => {
  let server: Server;
  let watch: Watch;
  let follower: Follower;

  beforeEach(() => {
    jest.useFakeTimers();
    server = new Server();
    watch = new Watch(server, 'flights', 2);
    follower = new Follower();
  });

  afterEach(() => {
    watch.dispose();
    jest.useRealTimers();
  });

  const pass = (seconds: number) =>
    jest.advanceTimersByTimeAsync(seconds * 1000);

  it('shows all parts of another project at once, and what is new in it as it comes', async () => {
    const slow = new Follower();
    watch.follow(follower);
    watch.follow(slow);
    await pass(1);
    server.projects.set('other', 1);
    let answer = () => undefined as void;
    slow.answer = new Promise(resolve => (answer = resolve));
    watch.folder = 'other';
    await pass(1);
    expect(follower.shown).not.toContain('other');
    answer();
    await pass(1);
    expect(follower.shown).toContain('other');
    expect(slow.shown).toContain('other');
    const before = follower.shown.length;
    slow.answer = new Promise(() => undefined);
    server.projects.set('other', 2);
    await pass(3);
    expect(follower.shown.length).toBe(before + 1);
  });

  it('asks for nothing until something follows, and for nothing afterwards', async () => {
    await pass(20);
    expect(server.asked).toBe(0);

    watch.follow(follower);
    await pass(20);
    expect(server.asked).toBeGreaterThan(5);

    watch.leave(follower);
    await pass(2);
    const before = server.asked;
    await pass(60);
    expect(server.asked).toBe(before);
  });

  it('goes on while one of two followers is left', async () => {
    const other = new Follower();
    watch.follow(follower);
    watch.follow(other);
    await pass(3);
    watch.leave(other);
    const before = server.asked;
    await pass(10);
    expect(server.asked).toBeGreaterThan(before + 2);
    expect(watch.looking).toBe(true);
  });

  it('has a follower ask only when the revision is another one', async () => {
    watch.follow(follower);
    await pass(11);
    expect(follower.asked).toBe(1);
    server.projects.set('flights', 8);
    await pass(2);
    expect(follower.asked).toBe(2);
    expect(watch.state.phase).toBe('project');
  });

  it('has it ask again after a file was saved, and when what it shows is old', async () => {
    watch.follow(follower);
    await pass(3);
    watch.invalidate();
    await pass(2);
    expect(follower.asked).toBe(2);
    await pass(40);
    expect(follower.asked).toBe(3);
  });

  it('looks at the revision as often as the settings say', async () => {
    watch.seconds = 10;
    watch.follow(follower);
    await pass(35);
    expect(server.asked).toBe(4);
  });

  it('tells a folder without a project from a failure', async () => {
    watch.folder = 'elsewhere';
    watch.follow(follower);
    await pass(1);
    expect(watch.state).toMatchObject({ phase: 'outside', problem: null });
    expect(follower.forgotten).toBeGreaterThan(0);
  });

  it('is outside where the project went away before it was asked', async () => {
    follower.ask = () => Promise.reject(NO_PROJECT);
    watch.follow(follower);
    await pass(1);
    expect(watch.state).toMatchObject({ phase: 'outside', problem: null });
  });

  it('tells of a failure, waits longer each time, and recovers', async () => {
    watch.follow(follower);
    await pass(1);
    server.down = new ApiError('network', 'The server does not answer.');
    await pass(3);
    expect(watch.state.problem?.code).toBe('network');
    expect(follower.forgotten).toBe(0); // what is shown stays

    const asked = server.asked;
    await pass(30);
    expect(server.asked - asked).toBeLessThan(10);

    server.down = null;
    await watch.refresh();
    expect(watch.state.problem).toBeNull();
    expect(follower.asked).toBe(2);
  });

  it('drops an answer that comes after a newer one', async () => {
    watch.follow(follower);
    await pass(0);
    const before = follower.shown.length;
    let late = () => {};
    follower.answer = new Promise(resolve => (late = resolve));
    const old = watch.refresh();
    await pass(0);
    follower.answer = Promise.resolve();
    await watch.refresh();
    expect(follower.shown.length).toBe(before + 1);
    late();
    await old;
    expect(follower.shown.length).toBe(before + 1);
  });

  it('drops an answer about a folder that was left meanwhile', async () => {
    let arrive = () => {};
    follower.answer = new Promise(resolve => (arrive = resolve));
    server.projects.set('other', 1);
    watch.follow(follower);
    await pass(1);
    watch.folder = 'other';
    arrive();
    await pass(3);
    expect(follower.shown).toEqual(['other']);
  });
});
