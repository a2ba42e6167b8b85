import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { fireEvent, render, screen, within } from '@testing-library/react';
import * as React from 'react';

import { IWorkspace, Kernels } from '../kernel/model';
import { dataset, frame, version, workspace } from '../testing/data';
import { IDatasetEntry, IKernelMade } from '../types';
import { Watch } from '../watch';
import { DataModel } from './model';
import { Data } from './panel';

const trans = nullTranslator.load('e2e_lab');

/** The kernels of one notebook, said by the test. */
class Notebook {
  workspace: IWorkspace | null = workspace();
  readonly changed = new Signal<this, void>(this);
  readonly made = new Signal<
    this,
    { project: string | null; made: IKernelMade }
  >(this);
  ask = jest.fn();
}

function setUp(datasets: IDatasetEntry[], now: IWorkspace | null) {
  const api = {
    revision: () => Promise.resolve(1),
    datasets: () => Promise.resolve(datasets),
    versions: () =>
      Promise.resolve({
        items: [version(2, true)],
        total: 2,
        limit: 1,
        offset: 0
      })
  };
  const notebook = new Notebook();
  notebook.workspace = now;
  const watch = new Watch(api, 'flights');
  const model = new DataModel(
    api,
    watch,
    notebook as unknown as Kernels,
    () => '/home/ada/flights'
  );
  const actions = {
    canSnapshot: () => true,
    canIngest: () => true,
    ingest: jest.fn(),
    snapshot: jest.fn(),
    loadLibrary: jest.fn(),
    open: jest.fn()
  };
  const draw = () => <Data model={model} actions={actions} trans={trans} />;
  return { watch, model, notebook, actions, draw };
}

async function show(datasets: IDatasetEntry[], now: IWorkspace | null = null) {
  const parts = setUp(datasets, now);
  parts.model.seen(true);
  await parts.watch.refresh();
  const drawn = render(parts.draw());
  parts.watch.dispose();
  return { ...parts, redraw: () => drawn.rerender(parts.draw()) };
}

describe('the tables of the notebook', () => {
  it('offers each with its shape, and those that are saved without a button', async () => {
    const frames = [
      frame('late', { state: 'changed', ref: 'late@v1' }),
      frame('flights', { state: 'saved', ref: 'flights@v3' })
    ];
    const { actions } = await show([], workspace({ frames, total: 2 }));
    screen.getByText('336,776 × 19 · changed since late@v1');
    screen.getByText('336,776 × 19 · saved as flights@v3');
    const buttons = screen.getAllByRole('button', { name: /^Snapshot/ });
    expect(buttons).toHaveLength(1);
    fireEvent.click(buttons[0]);
    expect(actions.snapshot).toHaveBeenCalledWith(frames[0]);
  });

  it('shows a few of many, and all when asked', async () => {
    const frames = Array.from({ length: 30 }, (_, i) => frame(`df${i}`));
    await show([], workspace({ frames, total: 30 }));
    const named = () => screen.getAllByRole('button', { name: /^Snapshot/ });
    expect(named()).toHaveLength(6);
    fireEvent.click(screen.getByRole('button', { name: 'Show all 30' }));
    expect(named()).toHaveLength(30);
  });

  it.each([
    [null, 'Open a notebook'],
    [workspace({ phase: 'no kernel' }), 'No kernel runs'],
    [workspace({ phase: 'asking', busy: true }), 'The kernel is busy'],
    [workspace({ phase: 'not python', kernelLabel: 'R' }), 'here is R'],
    [workspace(), 'Tables that a cell makes'],
    [
      workspace({ busy: true, frames: [frame('df')], total: 1 }),
      'A cell runs; these are from before it.'
    ],
    [workspace({ phase: 'missing', install: '%pip install e2e-lab' }), 'lacks']
  ])('%#: says why there is nothing, or nothing new', async (now, words) => {
    await show([], now);
    screen.getByText(new RegExp(words));
  });

  it('loads the library at the press of a button', async () => {
    const { actions } = await show([], workspace({ phase: 'not loaded' }));
    fireEvent.click(screen.getByRole('button', { name: 'Load e2e_lab' }));
    expect(actions.loadLibrary).toHaveBeenCalledTimes(1);
  });

  it('answers a snapshot with what is new, its size and how to load it', async () => {
    const { notebook, redraw, model } = await show([], workspace());
    model.watch.follow(model); // somebody sees it
    const made = {
      ref: 'flights@v2',
      name: 'flights',
      version: 2,
      changed: true,
      rows: 1000,
      columns: 4,
      bytes: 40_000,
      text: ''
    };
    const said: IKernelMade = {
      type: 'made',
      cell: 'a',
      items: [made],
      runs: []
    };
    notebook.made.emit({ project: '/home/ada/other', made: said });
    expect(model.state.answer).toBeNull(); // another project's
    notebook.made.emit({ project: '/home/ada/flights', made: said });
    await new Promise(resolve => setTimeout(resolve));
    redraw();
    const answer = screen.getByRole('status');
    expect(answer.textContent).toContain('flights@v2');
    expect(answer.textContent?.replace(/\u00a0/g, ' ')).toContain(
      '+1 column · 1,000 rows as before · +40.0 kB'
    );
    within(answer).getByText('e2e.load("flights@v2")');
    fireEvent.click(within(answer).getByRole('button', { name: 'Dismiss' }));
    redraw();
    expect(screen.queryByRole('status')).toBeNull();
  });
});

describe('the datasets', () => {
  it('stand by stage, with what is not committed in words', async () => {
    await show([
      dataset('flights'),
      dataset('clean', { stage: 'processed', saved: false, version: 3 })
    ]);
    const raw = screen.getByRole('listbox', { name: 'Raw' });
    const processed = screen.getByRole('listbox', { name: 'Processed' });
    within(raw).getByText('flights');
    within(processed).getByText('not committed');
    within(processed).getByText('v3');
  });

  it('teach where there are none', async () => {
    const { actions, redraw } = await show([]);
    screen.getByText(/No datasets yet/);
    screen.getByText('%e2e snapshot df');
    fireEvent.click(screen.getByRole('button', { name: 'Ingest a file…' }));
    expect(actions.ingest).toHaveBeenCalledTimes(1);
    actions.canIngest = () => false; // such as where nobody may write
    redraw();
    expect(screen.queryByRole('button')).toBeNull();
  });

  it('are moved through with the keys, and opened', async () => {
    const { actions, redraw } = await show([dataset('a'), dataset('b')]);
    const list = screen.getByRole('listbox');
    fireEvent.focus(list);
    redraw();
    fireEvent.keyDown(list, { key: 'ArrowDown' });
    redraw();
    expect(
      screen.getByRole('option', { selected: true }).textContent
    ).toContain('b');
    fireEvent.keyDown(list, { key: 'Enter' });
    expect(actions.open.mock.calls[0][0].name).toBe('b');
  });

  it('are drawn only where they can be seen, and filtered by name', async () => {
    const many = Array.from({ length: 1000 }, (_, i) => dataset(`d${i}`));
    const { redraw } = await show(many);
    expect(screen.getAllByRole('option').length).toBeLessThan(100);
    const box = screen.getByRole('searchbox');
    fireEvent.change(box, { target: { value: 'D99' } });
    redraw();
    expect(screen.getAllByRole('option')).toHaveLength(11);
    fireEvent.change(box, { target: { value: 'x' } });
    redraw();
    screen.getByText('No dataset has “x” in its name.');
  });

  it('of another project go when the folder is left', async () => {
    const { model, watch } = setUp([dataset('a')], null);
    model.seen(true);
    await watch.refresh();
    watch.folder = 'flights/notebooks';
    expect(model.state.datasets).toHaveLength(1);
    watch.folder = 'elsewhere';
    expect(model.state.datasets).toBeNull();
    watch.dispose();
  });
});
