import { InputDialog } from '@jupyterlab/apputils';
import { FileDialog, IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { nullTranslator } from '@jupyterlab/translation';

import { FlowModel } from '../flow/model';
import { Jobs } from '../jobs';
import { Kernels } from '../kernel/model';
import * as notebook from '../notebook';
import { workspace } from '../testing/data';
import { STATUS } from '../testing/status';
import { Ingestion, canRunIn, ingestLine, isTable, nameOf } from './ingest';

jest.mock('../notebook');

it.each([
  ['a/flights.csv', true],
  ['a/FLIGHTS.CSV.gz', true],
  ['a/b.tsv.gz', true],
  ['weather.parquet', true],
  ['archive.gz', false],
  ['notes.csv.txt', false]
])('%s is a table: %s', (path, is) => expect(isTable(path)).toBe(is));

it.each([
  ['downloads/Flights of 2013.csv.gz', 'Flights_of_2013'],
  ['2013-flights.parquet', 'flights'],
  ['Flüge (neu).csv', 'Flüge_neu'],
  ['2013.csv', 'data'],
  [`${'x'.repeat(80)}.csv`, 'x'.repeat(63)]
])('%s is called %s', (path, name) => expect(nameOf(path)).toBe(name));

it.each([
  ['flights.csv', '%e2e ingest flights.csv --as f'],
  ['../raw/flüge.csv', '%e2e ingest ../raw/flüge.csv --as f'],
  ['of 2013.csv', "%e2e ingest 'of 2013.csv' --as f"],
  ["it's.csv", `%e2e ingest 'it'"'"'s.csv' --as f`],
  ['{a}$b.csv', "%e2e ingest '{{a}}$$b.csv' --as f"]
])('%s is written so that the kernel reads it back', (path, line) =>
  expect(ingestLine(path, 'f')).toBe(line)
);

const live = workspace({ project: STATUS.path });

it.each([
  [live, true],
  [workspace({ project: '/home/ada/other' }), false],
  [workspace({ phase: 'not loaded' }), true],
  [workspace({ phase: 'not loaded', path: 'other/a.ipynb' }), false],
  [workspace({ phase: 'missing' }), false],
  [workspace({ phase: 'no kernel' }), false],
  [null, false]
])('%#: a cell is run only where the notebook is of the project', (now, is) =>
  expect(canRunIn(now, STATUS)).toBe(is)
);

describe('Ingestion', () => {
  const choose = jest.spyOn(FileDialog, 'getOpenFiles');
  const name = jest.spyOn(InputDialog, 'getText');
  const jobs = { start: jest.fn() };
  const answer = (path: string, type = 'file', accept = true) =>
    choose.mockResolvedValueOnce({
      button: { accept },
      value: [{ path, type }]
    } as never);

  function ingestion(now: typeof live | null) {
    const parts = {
      browser: { model: { manager: {} } } as unknown as IDefaultFileBrowser,
      flow: { state: { status: STATUS } } as unknown as FlowModel,
      kernels: {
        panel: now && {},
        workspace: now,
        show: jest.fn()
      } as unknown as Kernels,
      jobs: jobs as unknown as Jobs,
      localPath: (path: string) => path.replace(/^RTC:/, ''),
      trans: nullTranslator.load('e2e_lab')
    };
    return new Ingestion(parts);
  }

  beforeEach(() => {
    jest.clearAllMocks();
    name.mockResolvedValue({ value: ' early ' } as never);
  });

  it('runs a cell, with the path as the notebook sees it', async () => {
    answer('RTC:flights/raw/a.csv');
    await ingestion(live).ask();
    expect(notebook.runLine).toHaveBeenCalledWith(
      expect.anything(),
      '%e2e ingest raw/a.csv --as early'
    );
    expect(jobs.start).not.toHaveBeenCalled();
  });

  it('loads the library first, and leaves it where that fails', async () => {
    answer('flights/a.csv');
    jest.mocked(notebook.loadLibrary).mockResolvedValueOnce(false);
    await ingestion(workspace({ phase: 'not loaded' })).ask();
    expect(notebook.loadLibrary).toHaveBeenCalled();
    expect(notebook.runLine).not.toHaveBeenCalled();
  });

  it('is a job without a notebook, after going into a folder', async () => {
    answer('flights/raw', 'directory');
    answer('flights/raw/a.csv');
    await ingestion(null).ask();
    expect(choose.mock.calls[1][0].defaultPath).toBe('/flights/raw');
    const args = { path: 'flights/raw/a.csv', name: 'early' };
    expect(jobs.start).toHaveBeenCalledWith(
      'flights',
      { kind: 'ingest', args },
      null
    );
  });

  it('does nothing where either dialog is cancelled', async () => {
    answer('flights/a.csv', 'file', false);
    await ingestion(null).ask();
    answer('flights/a.csv');
    name.mockResolvedValue({ value: null } as never);
    await ingestion(null).ask();
    expect(jobs.start).not.toHaveBeenCalled();
  });
});
