import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import { Jobs } from '../jobs';
import { packed, registered, service } from '../testing/models';
import { IJob } from '../types';
import { Watch } from '../watch';
import { ModelsModel } from './model';
import { IModelsActions, Models } from './panel';

const trans = nullTranslator.load('e2e_lab');

function job(more: Partial<IJob> = {}): IJob {
  return {
    ...{ id: 'a', kind: 'package', title: 'package delay@v1' },
    ...{ state: 'running', progress: null, said: 'building the Bento' },
    ...{ created: '2026-11-22T12:00:00Z', started: null, ended: null },
    ...{ kernel: null, result: null, answer: null, error: null },
    ...more
  };
}

async function shown(
  versions = [registered('delay', 1)],
  services = [] as ReturnType<typeof service>[],
  jobs: IJob[] = []
) {
  const told = new Signal<object, { folder: string; job: IJob }>({});
  const watch = new Watch({ revision: async () => 1 }, 'flights');
  const model = new ModelsModel(
    {
      models: async () => versions,
      services: async () => services,
      jobs: async () => ({ items: jobs, total: 1, limit: 1, offset: 0 })
    },
    watch,
    { changed: told } as unknown as Pick<Jobs, 'changed'>
  );
  const actions: IModelsActions = {
    canChange: () => true,
    step: jest.fn(),
    open: jest.fn(),
    cancel: jest.fn(),
    showLog: jest.fn(),
    candidate: () => 'baseline',
    register: jest.fn()
  };
  model.seen(true);
  await watch.refresh();
  const draw = () => <Models {...{ model, actions, trans }} />;
  const view = render(draw());
  model.changed.connect(() => view.rerender(draw()));
  return { actions, model, told, watch };
}

describe('models and services', () => {
  it('teach with one sentence, one button and one line', async () => {
    const { actions, watch } = await shown([]);
    expect(screen.getByText(/^%e2e register/).textContent).toBe(
      '%e2e register baseline --as NAME'
    );
    fireEvent.click(screen.getByRole('button', { name: 'Register baseline…' }));
    expect(actions.register).toHaveBeenCalledWith('baseline');
    expect(screen.getAllByRole('button')).toHaveLength(1);
    watch.dispose();
  });

  it('show how packaging goes on, and what came of it', async () => {
    const versions = [registered('delay', 1)];
    const { actions, told, watch } = await shown(versions);
    fireEvent.click(screen.getByRole('button', { name: 'Package delay@v1' }));
    expect(actions.step).toHaveBeenCalledWith({
      do: 'package',
      ref: 'delay@v1'
    });
    React.act(() => told.emit({ folder: 'flights', job: job() }));
    expect(screen.getByRole('status').textContent).toContain('building');
    expect(
      screen.queryByRole('button', { name: 'Package delay@v1' })
    ).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    expect(actions.cancel).toHaveBeenCalled();
    const result = { ...packed('delay') } as unknown as Record<string, unknown>;
    versions[0] = registered('delay', 1, { package: 'delay@v1' });
    await React.act(async () => {
      told.emit({ folder: 'flights', job: job({ state: 'done', result }) });
      // until the lists are there, too, nothing moves
      expect(screen.getByRole('status').textContent).toContain('building');
      await watch.refresh();
    });
    expect(
      screen.queryByRole('button', { name: 'Package delay@v1' })
    ).toBeNull();
    expect(screen.getByRole('status').textContent).toContain(
      '200 stored rows answered equal to the model'
    );
    watch.dispose();
  });

  it('show a failure where the work was, with its log, until it was read', async () => {
    const error = { code: 'x', message: 'Not equal.', hint: 'e2e runs' };
    const failed = job({ state: 'failed', error });
    const { actions, watch } = await shown(undefined, [], [failed]);
    expect(screen.getByRole('alert').textContent).toContain('Not equal.');
    fireEvent.click(screen.getByRole('button', { name: 'Log' }));
    expect(actions.showLog).toHaveBeenCalledWith(failed);
    React.act(() =>
      fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }))
    );
    expect(screen.queryByRole('alert')).toBeNull();
    await React.act(() => watch.refresh());
    expect(screen.queryByRole('alert')).toBeNull();
    watch.dispose();
  });

  it('say a state with a word', async () => {
    const { actions, watch } = await shown(
      [registered('delay', 1, { package: 'delay@v1', aliases: ['champion'] })],
      [service('delay', { state: 'unreachable' })]
    );
    const rows = screen.getAllByRole('option');
    expect(rows[0].textContent).toContain('unreachable');
    expect(rows[1].textContent).toContain('packaged');
    expect(rows[1].textContent).toContain('champion');
    fireEvent.click(rows[0]);
    expect(actions.open).toHaveBeenCalledWith('delay');
    watch.dispose();
  });

  it('leave out what a project that is read-only refuses', async () => {
    const { actions, model, watch } = await shown();
    actions.canChange = () => false;
    React.act(() => void (model.selected = 'model delay@v1'));
    expect(
      screen.queryByRole('button', { name: 'Package delay@v1' })
    ).toBeNull();
    watch.dispose();
  });
});
