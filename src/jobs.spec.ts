import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { act } from '@testing-library/react';

import { ApiError } from './api';
import { Jobs } from './jobs';
import { IJob } from './types';

const trans = nullTranslator.load('e2e_lab');

function job(more: Partial<IJob> = {}): IJob {
  return {
    id: 'j1',
    kind: 'export',
    title: 'export flights@v1',
    state: 'running',
    progress: 0.4,
    said: 'writing',
    created: '2026-11-22T12:00:00Z',
    started: null,
    ended: null,
    kernel: null,
    result: null,
    answer: null,
    error: null,
    ...more
  };
}

/** A server with one job, and the stream that tells of it. */
class Server {
  now = job();
  streams: {
    onmessage?: (m: object) => void;
    onclose?: () => void;
    close: () => void;
  }[] = [];
  cancelled: string[] = [];
  offsets: number[] = [];

  startJob = () => Promise.resolve(this.now);
  job = () => Promise.resolve(this.now);
  jobs = () =>
    Promise.resolve({ items: [this.now], total: 1, limit: 50, offset: 0 });
  cancelJob = (_: string, id: string) => {
    this.cancelled.push(id);
    this.now = job({ state: 'cancelled' });
    return Promise.resolve(this.now);
  };
  jobStream = (_folder: string, _id: string, offset = 0) => {
    this.offsets.push(offset);
    this.streams.push({ close: () => undefined });
    return this.streams[this.streams.length - 1] as unknown as WebSocket;
  };

  print(text: string, next: number) {
    const told = JSON.stringify({ type: 'log', text, next });
    this.streams[this.streams.length - 1].onmessage?.({ data: told });
  }

  tell(now: IJob) {
    this.now = now;
    const told = JSON.stringify({ type: 'job', job: now });
    this.streams[this.streams.length - 1].onmessage?.({ data: told });
  }
}

describe('Jobs', () => {
  let server: Server;
  let jobs: Jobs;
  const shown = () => Notification.manager.notifications;
  const settle = () => new Promise(resolve => setTimeout(resolve));

  beforeEach(() => {
    Notification.manager.dismiss();
    server = new Server();
    jobs = new Jobs(server, trans);
  });

  afterEach(() => jobs.dispose());

  const start = () =>
    jobs.start('', { kind: 'export', args: { ref: 'a', path: 'b' } }, null);

  it('shows progress while it runs, and the answer when it is done', async () => {
    await start();
    expect(shown()[0].type).toBe('in-progress');
    expect(shown()[0].message).toBe('export flights@v1\nwriting · 40 %');
    server.tell(job({ progress: 0.909 }));
    expect(shown()[0].message).toBe('export flights@v1\nwriting · 90 %');
    server.tell(job({ progress: null, said: '' }));
    expect(shown()[0].message).toBe('export flights@v1\nbeginning …');
    server.tell(job({ state: 'done', answer: 'flights@v1 → x.parquet' }));
    expect(shown()[0]).toMatchObject({
      type: 'success',
      message: 'flights@v1 → x.parquet'
    });
    expect(shown()[0].options.actions).toEqual([]);
  });

  it('shows a failure with its hint', async () => {
    await start();
    const error = { code: 'x', message: 'The disk is full.', hint: 'e2e gc' };
    server.tell(job({ state: 'failed', error }));
    expect(shown()[0]).toMatchObject({
      type: 'error',
      message: 'The disk is full.'
    });
    const [copy] = shown()[0].options.actions ?? [];
    expect(copy).toMatchObject({ label: 'Copy “%e2e gc”', caption: '%e2e gc' });
  });

  it('says a hint that is no line to type in words', async () => {
    await start();
    const error = { code: 'x', message: 'It died.', hint: 'see its log' };
    server.tell(job({ state: 'failed', error }));
    expect(shown()[0].message).toBe('It died.\nSee its log.');
    expect(shown()[0].options.actions).toEqual([]);
  });

  it('cancels', async () => {
    await start();
    const [, cancel] = shown()[0].options.actions ?? [];
    cancel.callback(new MouseEvent('click'));
    await settle();
    expect(server.cancelled).toEqual(['j1']);
    expect(shown()[0].message).toBe('Cancelled: export flights@v1');
  });

  it('shows after a reload what still runs, once', async () => {
    await jobs.resume('flights');
    await jobs.resume('flights');
    expect(shown()).toHaveLength(1);
    server.now = job({ id: 'j2', state: 'done' });
    await jobs.resume('other');
    expect(shown()).toHaveLength(1);
  });

  it('asks the server where the stream is lost', async () => {
    jest.useFakeTimers();
    try {
      await start();
      server.now = job({ state: 'done', answer: 'done' });
      server.streams[0].onclose?.();
      await jest.advanceTimersByTimeAsync(3000);
      expect(shown()[0]).toMatchObject({ type: 'success', message: 'done' });
    } finally {
      jest.useRealTimers();
    }
  });

  it('asks a lost server ever less often, and follows the job again once it answers', async () => {
    jest.useFakeTimers();
    try {
      await start();
      const asked = jest.spyOn(server, 'job');
      const lost = new ApiError('network', 'The server does not answer.');
      asked.mockRejectedValue(lost);
      server.streams[0].onclose?.();
      await jest.advanceTimersByTimeAsync(600_000);
      expect(asked.mock.calls.length).toBeGreaterThan(4);
      expect(asked.mock.calls.length).toBeLessThan(40); // every 2 s it would be 300
      asked.mockRestore();
      await jest.advanceTimersByTimeAsync(120_000);
      expect(server.streams).toHaveLength(2);
      server.tell(job({ state: 'done', answer: 'done' }));
      expect(shown()[0].message).toBe('done');
    } finally {
      jest.useRealTimers();
    }
  });

  it('offers what the job has printed, and asks only for the rest of it after a break', async () => {
    await start();
    const labels = () => shown()[0].options.actions?.map(({ label }) => label);
    expect(labels()).toEqual(['Log', 'Cancel']); // Cancel is never under the mouse that aims at Log
    server.print('row group 1\n', 12);
    expect(labels()).toEqual(['Log', 'Cancel']);
    await act(async () => {
      shown()[0].options.actions?.[0].callback(new MouseEvent('click'));
      await settle();
    });
    expect(document.querySelector('.e2e-Log')?.textContent).toBe(
      'row group 1\n'
    );
    act(() => server.print('row group 2\n', 24));
    expect(document.querySelector('.e2e-Log')?.textContent).toContain('2');
    jest.useFakeTimers();
    try {
      server.streams[0].onclose?.();
      await jest.advanceTimersByTimeAsync(3000);
      expect(server.offsets).toEqual([0, 24]);
    } finally {
      jest.useRealTimers();
    }
    server.tell(job({ state: 'done', answer: 'done' }));
    expect(labels()).toEqual(['Log']);
  });
});
