import { Dialog } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent } from '@testing-library/react';

import { ApiError, IApi } from '../api';
import { FlowModel } from '../flow/model';
import { Kernels } from '../kernel/model';
import { workspace } from '../testing/data';
import { changed, changes, job } from '../testing/changes';
import { STATUS } from '../testing/status';
import { Watch } from '../watch';
import { Documents } from './documents';
import { ChangesModel } from './model';
import { Changing } from './work';

const trans = nullTranslator.load('e2e_lab');
const RESULT = {
  ...{ id: 'c'.repeat(40), message: 'two', changed: true, first: false },
  ...{ files: ['a.py'], datasets: [], notes: [], left_out: [] }
};
const PLAN = {
  ...{ revision: 'HEAD~1', id: 'b'.repeat(40), message: 'one', author: 'Ada' },
  ...{ time: '2026-11-22T12:00:00.000Z', write: ['a.py'], remove: [] },
  ...{ datasets: [], saves: [], notes: [] }
};
const RESTORED = {
  ...{ revision: PLAN.id, files: ['a.py'], datasets: [], notes: [] },
  saved: 'refs/e2e/saved/now'
};

/** Everything around; `order` tells what was done, in turn. */
function setUp(kernel: string | null = 'python3') {
  const order: string[] = [];
  const api = {
    revision: () => Promise.resolve(1),
    changes: () => Promise.resolve(changes([changed('a.py')])),
    commits: () =>
      Promise.resolve({ items: [], total: 0, limit: 50, offset: 0 }),
    startJob: jest.fn((...said: unknown[]) => {
      order.push('commit');
      return said ? Promise.resolve(job('queued')) : Promise.reject();
    }),
    job: jest.fn(() => Promise.resolve(job('done', { result: RESULT }))),
    cancelJob: jest.fn(),
    previewRestore: jest.fn(() => Promise.resolve(PLAN)),
    restore: jest.fn(() => {
      order.push('restore');
      return Promise.resolve(RESTORED);
    })
  };
  const watch = new Watch(api, 'flights');
  const model = new ChangesModel(api, watch);
  const documents = {
    save: async () => void order.push('save'),
    reload: jest.fn(async (...said: unknown[]) => {
      order.push('reload');
      return said;
    }),
    tell: () => order.push('tell')
  };
  const flow = { state: { status: STATUS } } as FlowModel;
  const changing = new Changing({
    api: api as unknown as IApi,
    model,
    flow,
    kernels: { workspace: workspace({ kernel }) } as Kernels,
    documents: documents as unknown as Documents,
    trans
  });
  model.update({ message: ' two ' });
  return { api, model, changing, order, documents, flow };
}

/** Press a button of the dialog that is open, once it is. */
async function answer(label: string, typed: string[] = []): Promise<void> {
  let found: HTMLElement | null = null;
  while (!found) {
    await new Promise(resolve => setTimeout(resolve, 10));
    found = document.querySelector('.jp-Dialog');
  }
  await new Promise(resolve => setTimeout(resolve, 20));
  found
    .querySelectorAll<HTMLInputElement>('input[type=text]')
    .forEach((input, i) =>
      fireEvent.change(input, { target: { value: typed[i] } })
    );
  const buttons = [...found.querySelectorAll<HTMLElement>('button')];
  const button = buttons.find(({ textContent }) => textContent === label);
  fireEvent.click(button ?? found);
}

beforeAll(() => {
  // the dialogs draw by themselves
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false });
});

afterEach(() => Dialog.flush());

describe('committing', () => {
  it('saves what is open first, and locks what the kernel has installed', async () => {
    const { api, changing, model, order } = setUp();
    await changing.commit();
    expect(order).toEqual(['save', 'commit', 'tell']);
    expect(api.startJob).toHaveBeenCalledWith(
      'flights',
      { kind: 'commit', args: { message: 'two', lock: true } },
      'python3'
    );
    expect(model.state).toMatchObject({
      ...{ message: '', doing: null, problem: null },
      answer: { kind: 'committed', commit: { id: RESULT.id } }
    });
  });

  it('leaves the lock alone without a notebook, and where its Python has no e2e_lab', async () => {
    const none = setUp(null);
    await none.changing.commit();
    expect(none.api.startJob.mock.calls[0]).toEqual([
      'flights',
      { kind: 'commit', args: { message: 'two', lock: false } },
      null
    ]);
    const bare = setUp('bare');
    const refused = new ApiError('no_library', 'It has none.');
    bare.api.startJob.mockRejectedValueOnce(refused);
    await bare.changing.commit();
    expect(bare.api.startJob.mock.calls[1][2]).toBeNull();
    expect(bare.model.state.answer).toMatchObject({
      notes: [expect.stringContaining('was left as it is')]
    });
  });

  it('asks who commits only where git does not know', async () => {
    const { api, changing, model } = setUp();
    const refused = new ApiError('no_identity', 'Nobody.');
    api.startJob.mockRejectedValueOnce(refused);
    const done = changing.commit();
    await answer('Commit', ['Grace', 'grace@example.org']);
    await done;
    expect(api.startJob.mock.calls[1][1]).toMatchObject({
      args: { name: 'Grace', email: 'grace@example.org', keep: true }
    });
    expect(model.state.answer?.kind).toBe('committed');
    model.update({ message: 'three' });
    api.startJob.mockRejectedValueOnce(refused);
    const left = changing.commit();
    await answer('Cancel');
    await left;
    expect(api.startJob).toHaveBeenCalledTimes(3);
    expect(model.state).toMatchObject({ message: 'three', problem: null });
  });

  it('shows a refusal where the message is, which stays', async () => {
    const { api, changing, model } = setUp();
    const error = { code: 'secret_found', message: 'A secret.', hint: '' };
    api.job.mockResolvedValue(job('failed', { error }));
    await changing.commit();
    expect(model.state.problem?.message).toBe('A secret.');
    expect(model.state.message.trim()).toBe('two');
  });

  it('does nothing without a message', async () => {
    const { api, changing, model } = setUp();
    model.update({ message: '  ' });
    await changing.commit();
    expect(api.startJob).not.toHaveBeenCalled();
  });
});

describe('restoring', () => {
  it('saves what is typed, shows the plan, and reloads what changed', async () => {
    const { api, changing, model, order } = setUp();
    const done = changing.restore('HEAD~1');
    await answer('Restore');
    await done;
    expect(order).toEqual(['save', 'restore', 'reload']);
    expect(api.restore).toHaveBeenCalledWith('flights', PLAN.id, []);
    expect(model.state.answer).toMatchObject({ kind: 'restored' });
    await changing.undo();
    expect(api.restore).toHaveBeenLastCalledWith('flights', RESTORED.saved, []);
    expect(model.state.answer).toBeNull();
  });

  it('reloads what the server shows of a project that begins above it', async () => {
    const { api, changing, documents, flow } = setUp();
    const path = '/home/ada/flights';
    const above = { path, root: `${path}/notebooks`, folder: null };
    Object.assign(flow.state, { status: { ...STATUS, ...above } });
    const files = ['notebooks/a.ipynb', 'b.py'];
    api.restore.mockResolvedValueOnce({ ...RESTORED, files });
    const done = changing.restore('HEAD~1');
    await answer('Restore');
    await done;
    expect(documents.reload).toHaveBeenCalledWith('', ['a.ipynb']);
  });

  it('does nothing where it is not wanted', async () => {
    const { api, changing, model } = setUp();
    const done = changing.restore('HEAD~1');
    await answer('Cancel');
    await done;
    expect(api.restore).not.toHaveBeenCalled();
    expect(model.state).toMatchObject({ doing: null, answer: null });
  });
});
