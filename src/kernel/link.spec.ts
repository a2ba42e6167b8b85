import { NotebookPanel } from '@jupyterlab/notebook';
import { JSONValue } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import { KernelLink } from './link';

/** A notebook whose kernel answers as the test says. */
function open(save: () => Promise<void>) {
  const sent: JSONValue[] = [];
  const comm = {
    onMsg: undefined as ((message: object) => void) | undefined,
    open: (data: JSONValue) => sent.push(data),
    send: (data: JSONValue) => sent.push(data),
    dispose: () => undefined,
    subshellStarted: Promise.resolve()
  };
  const kernel = {
    info: Promise.resolve({ language_info: { name: 'python' } }),
    createComm: () => comm
  };
  const signal = () => new Signal<object, unknown>({});
  const panel = {
    disposed: signal(),
    sessionContext: {
      session: { kernel },
      ready: Promise.resolve(),
      kernelChanged: signal(),
      statusChanged: signal()
    },
    context: { path: 'flights/a.ipynb', pathChanged: signal(), save }
  };
  const link = new KernelLink(panel as unknown as NotebookPanel, {
    root: () => '/home/ada',
    localPath: path => path
  });
  const tell = (data: object) => comm.onMsg?.({ content: { data } });
  return { link, sent, tell };
}

const settle = () => new Promise(resolve => setTimeout(resolve, 5));

it('tells the kernel where the notebook is', async () => {
  const { sent, link, tell } = open(() => Promise.resolve());
  await settle();
  expect(sent).toMatchObject([
    { type: 'notebook', root: '/home/ada', path: 'flights/a.ipynb' }
  ]);
  tell({ type: 'hello', project: '/home/ada/flights', match: true });
  expect(link.state).toMatchObject({
    phase: 'live',
    project: '/home/ada/flights'
  });
});

it('saves the notebook when the kernel wants it on disk, and answers once it is there', async () => {
  let written = () => undefined as void;
  const { sent, tell } = open(
    () => new Promise<void>(resolve => (written = resolve))
  );
  await settle();
  tell({ type: 'save' });
  await settle();
  expect(sent).toHaveLength(1); // not before it is on disk
  written();
  await settle();
  expect(sent[1]).toEqual({
    type: 'saved',
    path: 'flights/a.ipynb',
    ok: true
  });
});

it('says so where the notebook could not be saved', async () => {
  const { sent, tell } = open(() => Promise.reject(new Error('disk full')));
  await settle();
  tell({ type: 'save' });
  await settle();
  expect(sent[1]).toMatchObject({ type: 'saved', ok: false });
});

it('waits for the first answer of a kernel, and no longer', async () => {
  const { link, tell } = open(() => Promise.resolve());
  const phase = link.settled();
  await settle();
  tell({ type: 'hello', project: null, match: true });
  expect(await phase).toBe('live');
  expect(await link.settled()).toBe('live');
});
