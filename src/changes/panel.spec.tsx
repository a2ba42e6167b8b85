import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, within } from '@testing-library/react';
import * as React from 'react';

import { ApiError } from '../api';
import { changed, changes, commit } from '../testing/changes';
import { ICommitEntry, IWorkingChanges } from '../types';
import { Watch } from '../watch';
import { Plan } from './dialogs';
import { ChangesModel } from './model';
import { Changes } from './panel';

const trans = nullTranslator.load('e2e_lab');

async function show(
  now: IWorkingChanges,
  history: ICommitEntry[] = [],
  writable = true,
  unsaved: string[] = []
) {
  const commits = jest.fn((_: string, offset: number, limit: number) =>
    Promise.resolve({
      items: history.slice(offset, offset + limit),
      total: history.length,
      ...{ offset, limit }
    })
  );
  const api = {
    revision: () => Promise.resolve(1),
    changes: jest.fn(() => Promise.resolve(now)),
    commits
  };
  const watch = new Watch(api, 'flights');
  const model = new ChangesModel(api, watch);
  const actions = {
    writable: () => writable,
    unsaved: () => unsaved,
    commit: jest.fn(),
    cancel: jest.fn(),
    open: jest.fn(),
    restore: jest.fn(),
    undo: jest.fn(),
    complete: jest.fn()
  };
  model.seen(true);
  await watch.refresh();
  const draw = () => <Changes model={model} actions={actions} trans={trans} />;
  const drawn = render(draw());
  model.changed.connect(() => drawn.rerender(draw()));
  model.seen(false);
  return { api, actions, model };
}

const FLIGHTS = {
  kind: 'record' as const,
  dataset: { name: 'flights', before: 1, after: 2, change: '+1 column' }
};

describe('what is not committed', () => {
  it('stands by kind, one line a file, a dataset with what is new in it', async () => {
    const { actions } = await show(
      changes([
        changed('EDA.ipynb', { change: 'new' }),
        changed('train.py'),
        changed('data/raw/flights.json', FLIGHTS)
      ])
    );
    const books = screen.getByRole('listbox', { name: 'Notebooks' });
    within(books).getByText('new');
    const data = screen.getByRole('listbox', { name: 'Data' });
    within(data).getByText('flights');
    within(data).getByText('v1 → v2');
    within(data).getByText('+1 column');
    fireEvent.click(within(books).getByRole('option'));
    expect(actions.open.mock.calls[0][0].path).toBe('EDA.ipynb');
  });

  it('names what stays out, with the reason', async () => {
    await show(
      changes([], {
        left_out: [{ path: '.env', why: 'private' }],
        left_out_total: 1
      })
    );
    screen.getByText('1 file is left out');
    screen.getByText('keys');
    screen.getByText('Nothing to commit: all is as in the last commit.');
  });

  it('cannot be committed without a repository, which is made at the press of a button', async () => {
    const { actions } = await show(changes([], { git: false, head: null }));
    fireEvent.click(
      screen.getByRole('button', { name: 'Make it a repository' })
    );
    expect(actions.complete).toHaveBeenCalledTimes(1);
    expect(screen.queryByRole('textbox')).toBeNull();
  });

  it('is only looked at where nobody may write', async () => {
    await show(changes([changed('a.py')]), [commit('one')], false);
    screen.getByText('This project may only be looked at.');
    expect(screen.queryByRole('button', { name: 'Commit' })).toBeNull();
  });
});

describe('the commit box', () => {
  it('commits a notebook of which nothing is on the disk yet', async () => {
    const { actions } = await show(changes([]), [], true, ['work.ipynb']);
    screen.getByText('Saved with the commit: work.ipynb');
    expect(screen.queryByText(/^Nothing to commit/)).toBeNull();
    const box = screen.getByRole('textbox', { name: 'Message of the commit' });
    fireEvent.change(box, { target: { value: 'why' } });
    fireEvent.click(screen.getByRole('button', { name: 'Commit' }));
    expect(actions.commit).toHaveBeenCalledTimes(1);
  });

  it('commits with Accel+Enter, once there is a message and a change', async () => {
    const { actions } = await show(changes([changed('a.py')]));
    const box = screen.getByRole('textbox', { name: 'Message of the commit' });
    const button = screen.getByRole('button', { name: 'Commit' });
    fireEvent.keyDown(box, { key: 'Enter', ctrlKey: true });
    expect(actions.commit).not.toHaveBeenCalled();
    expect(button.hasAttribute('disabled')).toBe(true);
    fireEvent.change(box, { target: { value: 'why' } });
    fireEvent.keyDown(box, { key: 'Enter' }); // a line of the message
    expect(actions.commit).not.toHaveBeenCalled();
    fireEvent.keyDown(box, { key: 'Enter', metaKey: true });
    fireEvent.click(button);
    expect(actions.commit).toHaveBeenCalledTimes(2);
  });

  it('waits where git waits for the end of a merge', async () => {
    const blocked = {
      code: 'git',
      message: 'A merge is in progress.',
      hint: 'git merge --abort'
    };
    const { model } = await show(changes([changed('a.py')], { blocked }));
    React.act(() => model.update({ message: 'why' }));
    screen.getByText('A merge is in progress.');
    const button = screen.getByRole('button', { name: 'Commit' });
    expect(button.hasAttribute('disabled')).toBe(true);
  });

  it('can be stopped while it works, and says why it was refused', async () => {
    const { actions, model } = await show(changes([changed('a.py')]));
    React.act(() => model.update({ doing: 'committing' }));
    fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    expect(actions.cancel).toHaveBeenCalledTimes(1);
    const problem = new ApiError('secret_found', 'A secret.', 'take it out');
    React.act(() => model.update({ doing: null, problem }));
    expect(screen.getByRole('alert').textContent).toContain('A secret.');
  });
});

describe('the history', () => {
  it('tells what each commit did to code and data, and leads back', async () => {
    const { name, before, after, change } = FLIGHTS.dataset;
    const datasets = [{ name, before, after, change }];
    const { actions } = await show(changes([]), [
      commit('weather joined\n\nbecause', { datasets }),
      commit('first')
    ]);
    const list = screen.getByRole('listbox', { name: 'History' });
    within(list).getByText('weather joined');
    within(list).getByText('flights v1 → v2: +1 column · 1 notebook · 1 file');
    fireEvent.click(within(list).getByText('first'));
    expect(actions.restore).toHaveBeenCalledWith('id of first');
  });

  it('comes in pages', async () => {
    const many = Array.from({ length: 120 }, (_, i) => commit(`c${i}`));
    const { api, model } = await show(changes([]), many);
    fireEvent.click(screen.getByRole('button', { name: /older/ }));
    await React.act(() => new Promise(resolve => setTimeout(resolve)));
    expect(api.commits).toHaveBeenLastCalledWith('flights', 50, 50);
    expect(model.state.commits).toHaveLength(100);
  });

  it('of another project goes when the folder is left, and the message stays in a subfolder', async () => {
    const { model } = await show(changes([]), [commit('one')]);
    React.act(() => model.update({ message: 'half a sente' }));
    React.act(() => {
      model.watch.folder = 'flights/notebooks';
    });
    expect(model.state.message).toBe('half a sente');
    React.act(() => {
      model.watch.folder = 'elsewhere';
    });
    expect(model.state).toMatchObject({ message: '', commits: [] });
  });
});

it('a restore is told before it is done: data, files, and what is saved first', () => {
  const plan = {
    revision: 'abc',
    id: 'abcdef0123',
    message: 'first',
    author: 'Ada',
    time: '2026-11-22T12:00:00.000Z',
    write: Array.from({ length: 15 }, (_, i) => `m${i}.py`),
    remove: ['late.py'],
    datasets: [{ name: 'late', before: 1, after: null, change: '' }],
    saves: ['EDA.ipynb'],
    notes: []
  };
  render(<Plan plan={plan} trans={trans} />);
  const section = (name: string) => within(screen.getByLabelText(name));
  section('Data').getByText('late removed');
  section('Files as they were').getByText('and 3 more');
  section('Files that came later, removed').getByText('late.py');
  section('Not committed, saved first').getByText('EDA.ipynb');
});
