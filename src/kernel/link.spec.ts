import { NotebookPanel } from '@jupyterlab/notebook';
import { JSONValue } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import { KernelLink } from './link';

/** A notebook whose kernel answers as the test says. */
function open(save: () => Promise<void>) {
  const sent: JSONValue[] = [];
  const comm = {
    onMsg: undefined as ((message: object) => void) | undefined,
    onClose: undefined as (() => void) | undefined,
    open: (data: JSONValue) => sent.push(data),
    send: (data: JSONValue) => sent.push(data),
    dispose: () => undefined,
    subshellStarted: Promise.resolve()
  };
  const kernel = {
    clientId: 'me',
    info: Promise.resolve({ language_info: { name: 'python' } }),
    createComm: () => comm
  };
  const signal = () => new Signal<object, unknown>({});
  const iopubMessage = signal();
  const panel = {
    disposed: signal(),
    sessionContext: {
      session: { kernel },
      ready: Promise.resolve(),
      kernelChanged: signal(),
      statusChanged: signal(),
      iopubMessage
    },
    context: { path: 'flights/a.ipynb', pathChanged: signal() }
  };
  const link = new KernelLink(panel as unknown as NotebookPanel, {
    root: () => '/home/ada',
    localPath: path => path,
    save
  });
  const tell = (data: object) => comm.onMsg?.({ content: { data } });
  const say = (session: string, type: string, content: object) =>
    iopubMessage.emit({
      header: { msg_type: type },
      parent_header: { msg_id: '1', session },
      content
    });
  return { link, sent, tell, say, refuse: () => comm.onClose?.() };
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

it('asks again where somebody else has loaded the library', async () => {
  const { link, sent, say, refuse } = open(() => Promise.resolve());
  await settle();
  refuse(); // no such target yet
  expect(link.state.phase).toBe('not loaded');
  const run = (session: string, code: string) => {
    say(session, 'execute_input', { code });
    const { busy } = link.state;
    say(session, 'status', { execution_state: 'idle' });
    return busy;
  };
  expect(run('me', '%load_ext e2e_lab')).toBe(false); // this page's cells tell of themselves
  expect(run('her', 'x = 1')).toBe(true);
  await settle();
  expect(sent).toHaveLength(1);
  run('her', '%load_ext e2e_lab');
  expect(link.state.busy).toBe(false);
  await settle();
  expect(sent).toHaveLength(2);
});

it.each([
  ['while it runs', ['execute_input', 'refused', 'status']],
  ['once it has run', ['execute_input', 'status', 'refused']]
])(
  'asks again where it is refused beside a cell that loads the library, %s',
  async (_, order) => {
    const { sent, say, refuse } = open(() => Promise.resolve());
    await settle();
    for (const what of order) {
      if (what === 'refused') {
        refuse();
      } else {
        const code = '%load_ext e2e_lab';
        say('her', what, { code, execution_state: 'idle' });
      }
    }
    await settle();
    expect(sent).toHaveLength(2);
  }
);

it('hears that the library is not there for somebody else either', async () => {
  const { link, say, refuse } = open(() => Promise.resolve());
  await settle();
  refuse();
  say('her', 'execute_input', { code: '%load_ext e2e_lab' });
  say('her', 'error', { ename: 'ModuleNotFoundError' });
  say('her', 'status', { execution_state: 'idle' });
  expect(link.state.phase).toBe('missing');
});
