import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, within } from '@testing-library/react';
import * as React from 'react';

import { version } from '../testing/data';
import { IVersionDiff } from '../types';
import { Watch } from '../watch';
import { DatasetActions } from './actions';
import { Buttons } from './buttons';
import { Changes } from './changes';
import { DatasetHead } from './head';
import { DatasetModel, IDatasetApi } from './model';

const trans = nullTranslator.load('e2e_lab');
const ACTIONS = { canLoad: true } as DatasetActions;

async function model(versions = [version(3, true), version(2), version(1)]) {
  const diff: IVersionDiff = {
    a: versions[versions.length - 1],
    b: versions[0],
    same: false,
    schema: [{ name: 'late', change: 'added', before: null, after: 'bool' }],
    rows: -120,
    columns: 1,
    bytes: null,
    summary: ''
  };
  const api = {
    versions: () =>
      Promise.resolve({ items: versions, total: 3, limit: 9, offset: 0 }),
    diff: jest.fn(() => Promise.resolve(diff))
  };
  const watch = new Watch({ revision: () => Promise.resolve(1) });
  const made = new DatasetModel(
    api as unknown as IDatasetApi,
    watch,
    'flights',
    'flights'
  );
  (await made.ask())();
  return { model: made, api };
}

it('shows versions from the oldest to the newest, the newest chosen', async () => {
  const { model: m } = await model();
  const draw = () => (
    <DatasetHead model={m} actions={ACTIONS} writable trans={trans} />
  );
  const { rerender } = render(draw());
  const versions = screen.getAllByRole('radio');
  expect(versions.map(one => one.textContent)).toEqual([
    expect.stringContaining('v1'),
    'v2+1 column',
    'v3current+1 column'
  ]);
  expect(versions[2].getAttribute('aria-checked')).toBe('true');
  fireEvent.click(versions[0]);
  rerender(draw());
  screen.getByRole('heading', { name: 'flights@v1' });
  (await m.ask())(); // what was chosen stays while it refreshes
  expect(m.state.version?.version).toBe(1);
});

it('has only the buttons that can do something', async () => {
  const { model: m } = await model();
  const draw = (writable: boolean) => (
    <Buttons model={m} actions={ACTIONS} writable={writable} trans={trans} />
  );
  const { rerender } = render(draw(true));
  const names = () => screen.getAllByRole('button').map(b => b.textContent);
  expect(names()).toEqual([
    'Load into notebook',
    'Export…',
    'Rename…',
    'Remove'
  ]);
  m.choose(m.state.versions![1]);
  rerender(draw(true));
  expect(names()).toContain('Restore v2');
  rerender(draw(false));
  expect(names()).toEqual(['Load into notebook']);
});

it('compares with the version before, or another one', async () => {
  const { model: m, api } = await model();
  render(<Changes model={m} trans={trans} />);
  await screen.findByText('+1 column · −120 rows · 40.0 kB stored');
  within(screen.getByRole('row', { name: /late/ })).getByText('+ added');
  expect(api.diff).toHaveBeenLastCalledWith('flights', 'flights', 'v2', 'v3');
  fireEvent.change(screen.getByRole('combobox'), { target: { value: 'v1' } });
  await screen.findByText('+1 column · −120 rows · 40.0 kB stored');
  expect(api.diff).toHaveBeenLastCalledWith('flights', 'flights', 'v1', 'v3');
});

it('says so where there is one version only', async () => {
  const { model: m } = await model([version(1, true)]);
  render(<Changes model={m} trans={trans} />);
  screen.getByText(/This is the only version/);
});
