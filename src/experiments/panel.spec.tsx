import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { fireEvent, render, screen, within } from '@testing-library/react';
import * as React from 'react';

import { IRunsWanted } from '../api';
import { IWorkspace, Kernels } from '../kernel/model';
import { run, workspace } from '../testing/data';
import { IFit, IRunEntry, IScalar } from '../types';
import { Watch } from '../watch';
import { theRunBefore } from './commands';
import { Form, keepLine, word } from './keep';
import { ExperimentsModel } from './model';
import { Experiments } from './panel';
import { modelName } from './register';

const trans = nullTranslator.load('e2e_lab');

const RIDGE: IFit = {
  name: 'ridge',
  kind: 'Ridge',
  suggested: 'ridge',
  run: null,
  X: ['table', 'test'],
  y: ['delay']
};

async function show(runs: IRunEntry[], now: IWorkspace | null = null) {
  const asked: IRunsWanted[] = [];
  const api = {
    revision: () => Promise.resolve(1),
    runs: (_: string, wanted: IRunsWanted = {}) => {
      asked.push(wanted);
      return Promise.resolve({
        ...{ items: runs, total: runs.length, limit: 100, offset: 0 },
        running: runs.filter(({ status }) => status === 'running').length
      });
    }
  };
  const kernels = {
    workspace: now,
    changed: new Signal<object, void>({}),
    made: new Signal<object, unknown>({}),
    ask: jest.fn()
  };
  const watch = new Watch(api, 'flights');
  const model = new ExperimentsModel(api, watch, kernels as unknown as Kernels);
  const actions = {
    canKeep: () => true,
    keep: jest.fn(),
    open: jest.fn(),
    openTable: jest.fn()
  };
  model.seen(true);
  await watch.refresh();
  const drawn = render(
    <Experiments model={model} actions={actions} trans={trans} />
  );
  watch.dispose();
  return { asked, model, actions, drawn };
}

describe('the Experiments panel', () => {
  it('teaches how a run is made where there is none', async () => {
    const { model } = await show([]);
    screen.getByText('%%e2e run first');
    model.dispose();
  });

  it('offers to keep the models that no run keeps', async () => {
    const fits = [RIDGE, { ...RIDGE, name: 'old', run: 'first' }];
    const { actions, model } = await show([], workspace({ fits }));
    const buttons = screen.getAllByRole('button', { name: /^Keep/ });
    expect(buttons).toHaveLength(1);
    fireEvent.click(buttons[0]);
    expect(actions.keep).toHaveBeenCalledWith(RIDGE);
    screen.getByText('Ridge · kept as first');
    model.dispose();
  });

  it("asks for the notebook's runs first, and shows them apart", async () => {
    const here = run('here', {
      origin: { notebook: 'late.ipynb', cell: null },
      metrics: { loss: 0.5, rmse: 12.34567891 }
    });
    const { asked, model } = await show(
      [here, run('elsewhere', { status: 'failed' })],
      workspace()
    );
    expect(asked[0].first).toBe('flights/late.ipynb');
    const mine = screen.getByRole('listbox', { name: 'Runs of this notebook' });
    within(mine).getByText('rmse 12.3457');
    const others = screen.getByRole('listbox', { name: 'Other runs' });
    expect(within(others).getByRole('option').textContent).toContain('failed');
    model.dispose();
  });

  it('draws the metric of a run that goes on', async () => {
    const live = {
      ...{ run: 'r', name: 'loss', total: 3 },
      ...{ steps: [0, 1, 2], values: [1, 0.5, 0.25] }
    };
    const { drawn, model } = await show([
      run('deeper', { status: 'running', end: null, seconds: null, live })
    ]);
    screen.getByText('loss 0.25');
    const line = drawn.container.querySelector('.e2e-Spark polyline');
    expect(line?.getAttribute('points')?.split(' ')).toHaveLength(3);
    model.dispose();
  });
});

describe('keeping', () => {
  const scalars: IScalar[] = [
    { name: 'rmse', value: 0.25, likely: true },
    { name: 'rows', value: 3, likely: false }
  ];

  it('says the line that is run, as it is chosen', () => {
    const said = jest.fn();
    const now = { name: 'ridge', X: 'table', y: 'delay', metrics: ['rmse'] };
    render(
      <Form {...now} fit={RIDGE} scalars={scalars} trans={trans} onSay={said} />
    );
    screen.getByText(
      '%e2e keep ridge --model ridge --X table --y delay rmse=rmse'
    );
    fireEvent.click(screen.getByRole('checkbox', { name: /^rows/ }));
    fireEvent.change(screen.getByLabelText(/^y, /), { target: { value: '' } });
    fireEvent.change(screen.getByLabelText('Name of the run'), {
      target: { value: 'my first' }
    });
    screen.getByText(
      '%e2e keep "my first" --model ridge --X table rmse=rmse rows=rows'
    );
    expect(said).toHaveBeenLastCalledWith({
      name: 'my first',
      X: 'table',
      y: '',
      metrics: ['rmse', 'rows']
    });
  });

  it('quotes names so that the line stays one line', () => {
    expect(word('a b')).toBe('"a b"');
    expect(word('a"\nb')).toBe('ab');
    expect(word('-x')).toBe('"-x"');
    expect(word(' ')).toBe('run');
    const said = { name: 'x', X: '', y: '', metrics: [] };
    expect(keepLine(RIDGE, said)).toBe('%e2e keep x --model ridge');
  });
});

describe('words', () => {
  it('makes a name that a model may have', () => {
    expect(modelName('Depth 8 (best)')).toBe('depth-8-best');
    expect(modelName('–')).toBe('model');
  });

  it('finds the run before, of the same notebook where there is one', () => {
    const at = (name: string, minute: number, notebook: string | null) =>
      run(name, {
        start: `2026-11-22T12:0${minute}:00.000Z`,
        origin: { notebook, cell: null }
      });
    const [a, b, c] = [at('a', 1, 'x'), at('b', 2, 'y'), at('c', 3, 'x')];
    const state = { runs: [c, b, a] } as unknown as ExperimentsModel['state'];
    expect(theRunBefore({ state }, c)).toBe(a);
    expect(theRunBefore({ state }, b)).toBe(a);
    expect(theRunBefore({ state }, a)).toBeNull();
  });
});
