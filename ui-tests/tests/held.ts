import * as fs from 'fs';
import * as path from 'path';

/** A job of a project whose process was stopped in the middle of its work. */
export interface IHeld {
  readonly progress: number;
  /** Let it go on. */
  release(): void;
}

interface IStanding {
  state: string;
  progress: number | null;
  said: string;
}

/**
 * Wait for the newest job of a project to be in the middle of its work, or to have said some words, and hold its real
 * process there, as a disk that does not answer would. Nothing of the page or the server is stood in for.
 */
export async function hold(project: string, words?: string): Promise<IHeld> {
  const middle = (now: IStanding) =>
    words ? now.said.includes(words) : Boolean(now.progress);
  const jobs = path.join(project, '.e2e', 'jobs');
  const before = new Set(all(jobs).filter(id => isOver(jobs, id)));
  const until = Date.now() + 30_000;
  while (Date.now() < until) {
    await new Promise(setImmediate); // the browser's requests pass through this process, too
    const id = all(jobs).find(id => !before.has(id));
    const now = id && read<IStanding>(path.join(jobs, id, 'job.json'));
    const ours =
      id && read<{ pid: number }>(path.join(jobs, id, 'process.json'));
    if (!now || !ours || !middle(now)) {
      continue;
    }
    process.kill(ours.pid, 'SIGSTOP');
    await new Promise(resolve => setTimeout(resolve, 20)); // what it was just writing is there
    const held = read<IStanding>(path.join(jobs, id, 'job.json'));
    if (held?.state !== 'running') {
      throw new Error('the job was over before it could be held');
    }
    return {
      progress: held.progress ?? 0,
      release: () => void process.kill(ours.pid, 'SIGCONT')
    };
  }
  throw new Error('no job was in the middle of its work');
}

function isOver(jobs: string, id: string): boolean {
  const now = read<IStanding>(path.join(jobs, id, 'job.json'));
  return now !== null && !['queued', 'running'].includes(now.state);
}

function all(jobs: string): string[] {
  try {
    return fs.readdirSync(jobs);
  } catch {
    return [];
  }
}

function read<T>(file: string): T | null {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf-8')) as T;
  } catch {
    return null; // not there yet
  }
}
