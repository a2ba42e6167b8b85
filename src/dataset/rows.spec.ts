import { ApiError, IVersionName } from '../api';
import { IGridColumn, IRows } from '../types';
import { LazyRows, PAUSE_MS } from './rows';

const VERSION: IVersionName = {
  folder: 'flights',
  name: 'flights',
  selector: 'v1'
};

/** A table of any size whose cells say where they are. */
class Table {
  readonly asked: string[] = [];
  broken = false;

  constructor(
    readonly total: number,
    readonly wide: number
  ) {}

  async rows(
    _: IVersionName,
    window: { offset: number; limit: number; columns?: readonly string[] }
  ): Promise<IRows> {
    if (this.broken) {
      throw new ApiError('worker', 'The worker died.');
    }
    const { offset, limit } = window;
    const names =
      window.columns ?? Array.from({ length: this.wide }, (_, i) => `c${i}`);
    this.asked.push(
      `${offset}+${limit} ${names[0]}…${names[names.length - 1]}`
    );
    const rows = Math.min(limit, this.total - offset);
    const column = (name: string): IGridColumn => ({
      name,
      type: 'int64',
      kind: 'number',
      index: false
    });
    return {
      ref: 'flights@v1',
      id: 'id',
      total: this.total,
      offset,
      columns: names.map(column),
      cells: names.map(name =>
        Array.from({ length: rows }, (_, row) => `${name}:${offset + row}`)
      )
    };
  }
}

const wait = () => new Promise(resolve => setTimeout(resolve, 60));

describe('LazyRows', () => {
  it('has the first window at once', async () => {
    const table = new Table(5_000_000, 3);
    const rows = await LazyRows.open(table, VERSION, 3);
    expect(rows.rowCount('body')).toBe(5_000_000);
    expect(rows.columnCount('body')).toBe(3);
    expect(rows.data('body', 199, 2)).toBe('c2:199');
    expect(rows.data('column-header', 0, 1)).toBe('c1');
    expect(rows.metadata('body', 0, 0)).toEqual({ kind: 'number' });
    expect(table.asked).toHaveLength(1);
  });

  it('asks once for a window that is looked at, and tells when it is there', async () => {
    const table = new Table(5_000_000, 3);
    const rows = await LazyRows.open(table, VERSION, 3);
    const changes: object[] = [];
    rows.changed.connect((_, change) => changes.push(change));
    for (let row = 4_000_000; row < 4_000_030; row++) {
      expect(rows.data('body', row, 0)).toBeUndefined();
    }
    await wait();
    expect(rows.data('body', 4_000_001, 1)).toBe('c1:4000001');
    expect(table.asked).toEqual(['0+200 c0…c2', '4000000+200 c0…c2']);
    expect(changes).toMatchObject([{ row: 4_000_000, rowSpan: 200 }]);
  });

  it('passes over what a fast scroll has left behind', async () => {
    const table = new Table(5_000_000, 3);
    const rows = await LazyRows.open(table, VERSION, 3);
    for (let window = 1; window <= 500; window++) {
      rows.data('body', window * 200, 0);
    }
    await wait();
    await wait();
    expect(table.asked.length).toBeLessThan(10);
    expect(rows.data('body', 500 * 200, 0)).toBe('c0:100000');
  });

  it('asks a wide table for some columns only', async () => {
    const table = new Table(1000, 2000);
    const rows = await LazyRows.open(table, VERSION, 2000);
    rows.data('body', 0, 1234);
    await wait();
    expect(table.asked).toEqual(['0+1 c0…c1999', '0+200 c1200…c1249']);
    expect(rows.data('body', 7, 1234)).toBe('c1234:7');
  });

  it('tells of a window that could not be had, and asks for it again after a pause or when told', async () => {
    const table = new Table(1000, 3);
    const rows = await LazyRows.open(table, VERSION, 3);
    const problems: string[] = [];
    rows.failed.connect((_, problem) => problems.push(problem.code));
    table.broken = true;
    rows.data('body', 500, 0);
    await wait();
    rows.data('body', 500, 0);
    await wait();
    expect(problems).toEqual(['worker']);
    table.broken = false;
    const later = Date.now() + PAUSE_MS;
    const now = jest.spyOn(Date, 'now').mockReturnValue(later);
    rows.data('body', 500, 0);
    now.mockRestore();
    await wait();
    expect(rows.data('body', 500, 0)).toBe('c0:500');

    table.broken = true;
    rows.data('body', 700, 0);
    await wait();
    table.broken = false;
    let painted = false;
    rows.changed.connect(() => (painted = true));
    rows.retry();
    expect(painted).toBe(true);
    rows.data('body', 700, 0);
    await wait();
    expect(rows.data('body', 700, 0)).toBe('c0:700');
  });

  it('keeps columns of one name apart in a wide table', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `c${i % 60}`);
    const column = (name: string): IGridColumn => ({
      name,
      type: 'int64',
      kind: 'number',
      index: false
    });
    const all = names.map((name, at) => ({ name, at }));
    const rows = jest.fn(
      async (
        _: IVersionName,
        { columns }: { columns?: readonly string[] }
      ): Promise<IRows> => {
        const asked = columns
          ? columns.flatMap(name => all.filter(one => one.name === name))
          : all;
        return {
          ref: 'flights@v1',
          id: 'id',
          total: 1,
          offset: 0,
          columns: asked.map(({ name }) => column(name)),
          cells: asked.map(({ at }) => [at])
        };
      }
    );
    const lazy = await LazyRows.open({ rows }, VERSION, 120);
    lazy.data('body', 0, 3);
    lazy.data('body', 0, 63);
    await wait();
    expect(lazy.data('body', 0, 3)).toBe(3);
    expect(lazy.data('body', 0, 63)).toBe(63);
  });
});
