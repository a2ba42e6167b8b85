import { ApiError, IRunsWanted } from '../api';
import { run } from '../testing/data';
import { IRunColumn } from '../types';
import { parallel, stepped } from './charts';
import { ENDS, NAME, RunRows, columnOf, usual, value } from './rows';

const RMSE = columnOf({
  name: 'rmse',
  kind: 'metric',
  runs: 1,
  differs: false
});

/** A server with so many runs, each of which says where it is. */
class Server {
  readonly asked: IRunsWanted[] = [];
  broken = false;

  constructor(public total: number) {}

  async runs(_: string, wanted: IRunsWanted = {}) {
    this.asked.push(wanted);
    if (this.broken) {
      throw new ApiError('tracking', 'The tracking store does not answer.');
    }
    const { offset = 0, limit = 100 } = wanted;
    const items = Array.from(
      { length: Math.min(limit, this.total - offset) },
      (_, i) => run(`run ${offset + i}`, { metrics: { rmse: offset + i } })
    );
    return { items, total: this.total, limit, offset, running: 0 };
  }
}

const wait = (ms = 60) => new Promise(resolve => setTimeout(resolve, ms));

describe('RunRows', () => {
  it('asks for the windows that are looked at, once', async () => {
    const server = new Server(10_000);
    const rows = new RunRows(server, 'flights');
    await rows.show({ sort: '-time' }, [NAME, RMSE]);
    expect(rows.rowCount('body')).toBe(10_000);
    expect(rows.data('body', 3, 0)).toBe('run 3');
    expect(rows.data('body', 9_999, 1)).toBeUndefined();
    expect(rows.data('body', 9_998, 1)).toBeUndefined();
    await wait();
    expect(rows.data('body', 9_999, 1)).toBe(9_999);
    expect(server.asked.map(({ offset }) => offset)).toEqual([0, 9_800]);
    expect(server.asked[1]).toMatchObject({ sort: '-time', column: ['rmse'] });
    rows.dispose();
  });

  it('has no more drawn anew than the rows that came', async () => {
    const rows = new RunRows(new Server(10_000), 'flights');
    await rows.show({}, [NAME, RMSE]);
    const drawn = jest.fn();
    rows.changed.connect((_, change) => drawn(change));
    rows.data('body', 5_000, 0);
    await wait();
    const type = 'cells-changed';
    const came = { type, row: 5_000, column: 0, rowSpan: 200 };
    expect(drawn.mock.calls).toEqual([
      [{ ...came, region: 'body', columnSpan: 2 }],
      [{ ...came, region: 'row-header', columnSpan: 1 }]
    ]);
    rows.dispose();
  });

  it('shows what was asked for last, whatever is answered first', async () => {
    const server = new Server(3);
    const rows = new RunRows(server, 'flights');
    const first = rows.show({ match: 'a' }, [NAME]);
    const second = rows.show({ match: 'b' }, [NAME, RMSE]);
    await Promise.all([second, first]);
    expect(rows.columns).toEqual([NAME, RMSE]);
    rows.dispose();
  });

  it('asks anew for rows that were on their way when the order changed', async () => {
    const rows = new RunRows(new Server(10_000), 'flights');
    await rows.show({}, [NAME]);
    rows.data('body', 5_000, 0);
    await new Promise(resolve => setTimeout(resolve, 31)); // they are asked for now
    await rows.show({ sort: 'rmse' }, [NAME]);
    rows.data('body', 5_000, 0);
    await wait();
    expect(rows.data('body', 5_000, 0)).toBe('run 5000');
    rows.dispose();
  });

  it('says what went wrong and keeps what is shown', async () => {
    const server = new Server(3);
    const rows = new RunRows(server, 'flights');
    await rows.show({}, [NAME]);
    const failed = jest.fn();
    rows.failed.connect((_, problem) => failed(problem.code));
    server.broken = true;
    await rows.show({ sort: 'rmse' }, [NAME]);
    expect(failed).toHaveBeenCalledWith('tracking');
    expect(rows.data('body', 0, 0)).toBe('run 0');
    rows.dispose();
  });
});

describe('columns', () => {
  it('shows the metrics and the parameters that differ at first', () => {
    const column = (name: string, kind: 'metric' | 'param', differs: boolean) =>
      ({ name, kind, runs: 5, differs }) as IRunColumn;
    const all = [
      column('rmse', 'metric', false),
      column('depth', 'param', true),
      column('seed', 'param', false)
    ];
    expect(usual(all).map(({ name }) => name)).toEqual(['rmse', 'depth']);
  });

  it('tells what is missing from what is not here yet', () => {
    const one = run('one', { data: ['flights@v1', 'weather@v2'] });
    expect(value(one, RMSE)).toBeNull();
    expect(value(null, RMSE)).toBeUndefined();
    expect(value(one, ENDS[0])).toBe('flights@v1, weather@v2');
  });
});

describe('charts', () => {
  const colours = {
    ...{ text: '', quiet: '', line: '', font: '' },
    runs: ['red', 'blue']
  };

  it('puts numbers on a scale and words in their order', () => {
    const runs = [
      run('a', { params: { depth: '2', kind: 'flat' }, metrics: { rmse: 1 } }),
      run('b', { params: { depth: '10', kind: 'deep' }, metrics: { rmse: 3 } }),
      run('b', { id: 'other-id', params: { depth: '6' }, metrics: {} })
    ];
    const row = (name: string, differs = true) => ({
      ...{ name, differs, values: [] }
    });
    const spec = parallel(
      { runs, params: [row('depth'), row('kind')], metrics: [row('rmse')] },
      colours
    ) as { layer: { data: { values: Record<string, unknown>[] } }[] };
    const at = (run: string, axis: string) =>
      spec.layer[0].data.values.find(
        one => String(one.run).startsWith(run) && one.axis === axis
      )?.at;
    expect([at('a', 'depth'), at('b b-id', 'depth')]).toEqual([0, 1]);
    expect(at('b other', 'depth')).toBe(0.5);
    expect([at('a', 'kind'), at('b b-id', 'kind')]).toEqual([1, 0]);
    expect(at('b other', 'kind')).toBeUndefined();
  });

  it('has no parallel coordinates for a single axis', () => {
    const params = [{ name: 'depth', values: ['1', '2'], differs: true }];
    const runs = [run('a'), run('b')];
    expect(parallel({ runs, params, metrics: [] }, colours)).toBeNull();
  });

  it('names the metrics that most runs have first', () => {
    const curve = (run: string, name: string) => ({
      ...{ run, name, steps: [0, 1], values: [1, 2], total: 2 }
    });
    expect(
      stepped([curve('a', 'loss'), curve('a', 'auc'), curve('b', 'auc')])
    ).toEqual(['auc', 'loss']);
  });
});
