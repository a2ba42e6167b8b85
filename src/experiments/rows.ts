import { DataModel } from '@lumino/datagrid';
import { ISignal, Signal } from '@lumino/signaling';

import { ApiError, IApi, IRunsWanted, problemOf } from '../api';
import { IRunColumn, IRunEntry } from '../types';

/** Runs that are asked for at once. */
const TALL = 200;

/** How long to gather what is scrolled into view. */
const GATHER_MS = 30;

/** A column of the table: a fact of every run, or a metric or parameter that some have. */
export interface IColumn {
  readonly name: string;
  readonly kind: 'fact' | 'metric' | 'param';
  /** What the server sorts by. */
  readonly sort: string | null;
}

/** The facts that stand before all metrics and parameters, and behind. */
export const NAME: IColumn = { name: 'run', kind: 'fact', sort: 'name' };
export const FACTS: readonly IColumn[] = [
  { name: 'status', kind: 'fact', sort: 'status' },
  { name: 'started', kind: 'fact', sort: 'time' },
  { name: 'seconds', kind: 'fact', sort: 'seconds' }
];
export const ENDS: readonly IColumn[] = [
  { name: 'data', kind: 'fact', sort: null },
  { name: 'registered', kind: 'fact', sort: null },
  { name: 'notebook', kind: 'fact', sort: null }
];

/** The column of a metric or parameter. */
export function columnOf({ name, kind }: IRunColumn): IColumn {
  return { name, kind, sort: `${kind}.${name}` };
}

/** Metrics and parameters that are shown before somebody chooses. */
export function usual(columns: readonly IRunColumn[]): IRunColumn[] {
  const metrics = columns.filter(({ kind }) => kind === 'metric');
  const params = columns.filter(({ kind }) => kind === 'param');
  const telling = params.filter(({ differs }) => differs);
  return [
    ...metrics.slice(0, 6),
    ...(telling.length > 0 ? telling : params).slice(0, 6)
  ];
}

/** All runs for the grid: asked for window by window as they are scrolled into view. */
export class RunRows extends DataModel {
  constructor(
    private readonly api: Pick<IApi, 'runs'>,
    private readonly folder: string
  ) {
    super();
  }

  /** What was asked for to be shown is. */
  get loaded(): ISignal<this, void> {
    return this._loaded;
  }

  /** A window could not be had. */
  get failed(): ISignal<this, ApiError> {
    return this._failed;
  }

  get total(): number {
    return this._total;
  }

  get columns(): readonly IColumn[] {
    return this._columns;
  }

  /** The run of a row, where it is here. */
  at(row: number): IRunEntry | null {
    return this._windows.get(Math.floor(row / TALL))?.[row % TALL] ?? null;
  }

  /** The runs that are here. */
  *known(): Iterable<[number, IRunEntry]> {
    for (const [window, runs] of this._windows) {
      for (const [i, run] of runs.entries()) {
        yield [window * TALL + i, run];
      }
    }
  }

  /** Show these columns of these runs, in this order; what is shown stays until they are here. */
  async show(wanted: IRunsWanted, columns: readonly IColumn[]): Promise<void> {
    const asked = ++this._asked;
    try {
      const page = await this.ask(0, wanted, columns);
      if (asked !== this._asked || this._disposed) {
        return;
      }
      const same =
        page.total === this._total &&
        columns.map(key).join() === this._columns.map(key).join();
      this._wanted = wanted;
      this._columns = columns;
      this._total = page.total;
      this._windows.clear();
      this._fetching.clear(); // what is on its way is of another order
      this._windows.set(0, page.items);
      if (same) {
        this.redraw();
      } else {
        this.emitChanged({ type: 'model-reset' });
      }
      this._loaded.emit();
    } catch (error) {
      if (asked === this._asked && !this._disposed) {
        this._failed.emit(problemOf(error));
      }
    }
  }

  /** Draw rows and heads again. */
  redraw(): void {
    this.redrawRows(0, this._total);
    const columnSpan = this._columns.length;
    if (columnSpan > 0) {
      this.emitChanged({
        ...{ type: 'cells-changed', region: 'column-header' },
        ...{ row: 0, column: 0, rowSpan: 1, columnSpan }
      });
    }
  }

  rowCount(region: DataModel.RowRegion): number {
    return region === 'body' ? this._total : 1;
  }

  columnCount(region: DataModel.ColumnRegion): number {
    return region === 'body' ? this._columns.length : 1;
  }

  data(region: DataModel.CellRegion, row: number, column: number): unknown {
    switch (region) {
      case 'corner-header':
        return '';
      case 'column-header':
        return this._columns[column]?.name;
      case 'row-header':
        this.want(row);
        return this.at(row)?.id ?? '';
      case 'body':
        this.want(row);
        return value(this.at(row), this._columns[column]);
    }
  }

  dispose(): void {
    this._disposed = true;
    clearTimeout(this._due);
    Signal.clearData(this);
  }

  private redrawRows(row: number, rowSpan: number): void {
    const columnSpan = this._columns.length;
    if (rowSpan > 0) {
      const rows = { row, column: 0, rowSpan };
      const type = 'cells-changed';
      this.emitChanged({ type, region: 'body', ...rows, columnSpan });
      this.emitChanged({
        ...{ type, region: 'row-header', ...rows, columnSpan: 1 }
      });
    }
  }

  /** Have a row's window asked for, once the scrolling rests. */
  private want(row: number): void {
    const window = Math.floor(row / TALL);
    if (this._windows.has(window)) {
      return;
    }
    this._next = window;
    this._due ??= setTimeout(() => {
      this._due = undefined;
      void this.fetch(this._next);
    }, GATHER_MS);
  }

  private async fetch(window: number): Promise<void> {
    if (this._windows.has(window) || this._fetching.has(window)) {
      return;
    }
    const asked = this._asked;
    this._fetching.add(window);
    try {
      const page = await this.ask(window * TALL, this._wanted, this._columns);
      if (asked === this._asked && !this._disposed) {
        this._windows.set(window, page.items);
        this.redrawRows(window * TALL, page.items.length);
      }
    } catch (error) {
      if (!this._disposed) {
        this._failed.emit(problemOf(error));
      }
    } finally {
      this._fetching.delete(window);
    }
  }

  private ask(
    offset: number,
    wanted: IRunsWanted,
    columns: readonly IColumn[]
  ) {
    const names = columns.filter(({ kind }) => kind !== 'fact');
    const column = [...new Set(names.map(({ name }) => name))];
    // A run has no metric called so: no column means all of them.
    const some = column.length > 0 ? column : ['\u0000'];
    const limit = TALL;
    return this.api.runs(this.folder, {
      ...wanted,
      offset,
      limit,
      column: some
    });
  }

  private _wanted: IRunsWanted = {};
  private _columns: readonly IColumn[] = [];
  private _total = 0;
  private _asked = 0;
  private _next = 0;
  private _due?: ReturnType<typeof setTimeout>;
  private _disposed = false;
  private readonly _windows = new Map<number, readonly IRunEntry[]>();
  private readonly _fetching = new Set<number>();
  private readonly _loaded = new Signal<this, void>(this);
  private readonly _failed = new Signal<this, ApiError>(this);
}

function key({ kind, name }: IColumn): string {
  return `${kind} ${name}`;
}

/** What stands in a cell; undefined while the run is asked for, null where it has none. */
export function value(
  run: IRunEntry | null,
  column: IColumn | undefined
): string | number | null | undefined {
  if (!run || !column) {
    return undefined;
  }
  if (column.kind === 'metric') {
    return run.metrics[column.name] ?? null;
  }
  if (column.kind === 'param') {
    return run.params[column.name] ?? null;
  }
  switch (column.name) {
    case 'run':
      return run.name;
    case 'status':
      return run.status;
    case 'started':
      return run.start;
    case 'seconds':
      return run.seconds;
    case 'data':
      return run.data.join(', ');
    case 'registered':
      return run.registered.join(', ');
    default:
      return run.origin.notebook;
  }
}
