import { ISignal, Signal } from '@lumino/signaling';
import { DataModel } from '@lumino/datagrid';

import { ApiError, IVersionName, problemOf } from '../api';
import { IRows } from '../types';
import { IDatasetApi } from './model';
import { marks } from './places';

/** Rows and columns of a window: what is asked for at once. */
const TALL = 200;
const WIDE = 50;

/** Windows kept; at 200 × 50 cells each that is a few ten megabytes at most. */
const KEPT = 200;

/** Questions under way at once; what was wanted last goes first. */
const AT_ONCE = 2;

/** How many wanted windows are remembered: a fast scroll passes by hundreds, of which few are still seen. */
const WANTED = 6;

/** How long a window that could not be had is left alone. */
export const PAUSE_MS = 3000;

/** A version's rows for the grid: asked for window by window as they are scrolled into view, and kept. */
export class LazyRows extends DataModel {
  constructor(
    private readonly api: Pick<IDatasetApi, 'rows'>,
    private readonly version: IVersionName,
    first: IRows
  ) {
    super();
    this._rows = first.total;
    this._names = first.columns.map(column => column.name);
    this._marks = marks(first.columns);
    if (first.cells.length <= WIDE && first.cells[0]?.length === this.tall(0)) {
      this.keep(key(0, 0), first);
    }
  }

  /** The rows of a version with this many columns; its first window comes along where it is not wide. */
  static async open(
    api: Pick<IDatasetApi, 'rows'>,
    version: IVersionName,
    columns: number
  ): Promise<LazyRows> {
    const limit = columns < WIDE ? TALL : 1;
    return new LazyRows(
      api,
      version,
      await api.rows(version, { offset: 0, limit })
    );
  }

  /** A window could not be had. */
  get failed(): ISignal<this, ApiError> {
    return this._failed;
  }

  /** Ask again for what could not be had. */
  retry(): void {
    this._refused.clear();
    this.emitChanged({
      type: 'cells-changed',
      region: 'body',
      row: 0,
      column: 0,
      rowSpan: this._rows,
      columnSpan: this._names.length
    });
  }

  /** How many of the first rows are here already. */
  get known(): number {
    return this._windows.has(key(0, 0)) ? this.tall(0) : 0;
  }

  rowCount(region: DataModel.RowRegion): number {
    return region === 'body' ? this._rows : 1;
  }

  columnCount(region: DataModel.ColumnRegion): number {
    return region === 'body' ? this._names.length : 1;
  }

  data(region: DataModel.CellRegion, row: number, column: number): unknown {
    switch (region) {
      case 'corner-header':
        return '';
      case 'column-header':
        return this._names[column];
      case 'row-header':
        return row;
      case 'body':
        return this.cell(row, column);
    }
  }

  metadata(
    region: DataModel.CellRegion,
    row: number,
    column: number
  ): DataModel.Metadata {
    if (region !== 'body') {
      return {};
    }
    const window = this._windows.get(key(row, column));
    return { kind: window?.columns[column % WIDE]?.kind ?? 'other' };
  }

  dispose(): void {
    this._disposed = true;
    this._wanted.length = 0;
    Signal.clearData(this);
  }

  /** The value, or undefined while it is asked for. */
  private cell(row: number, column: number): unknown {
    const id = key(row, column);
    const window = this._windows.get(id);
    if (window) {
      return window.cells[column % WIDE]?.[row % TALL] ?? null;
    }
    this.want(id);
    return undefined;
  }

  private want(id: string): void {
    const refused = this._refused.get(id) ?? -Infinity;
    if (this._asked.has(id) || Date.now() - refused < PAUSE_MS) {
      return;
    }
    const place = this._wanted.indexOf(id);
    if (place >= 0) {
      this._wanted.splice(place, 1);
    }
    this._wanted.push(id);
    if (this._wanted.length > WANTED) {
      this._wanted.shift();
    }
    if (!this._due) {
      this._due = true;
      setTimeout(() => {
        this._due = false;
        this.next();
      }, 30);
    }
  }

  private next(): void {
    while (this._asked.size < AT_ONCE && !this._disposed) {
      const id = this._wanted.pop();
      if (id === undefined) {
        return;
      }
      this._asked.add(id);
      void this.fetch(id).finally(() => {
        this._asked.delete(id);
        this.next();
      });
    }
  }

  private async fetch(id: string): Promise<void> {
    const [tall, wide] = id.split(' ').map(Number);
    const names = this._names.slice(wide * WIDE, (wide + 1) * WIDE);
    const all = names.length === this._names.length;
    try {
      const window = await this.api.rows(this.version, {
        offset: tall * TALL,
        limit: TALL,
        columns: all ? undefined : [...new Set(names)]
      });
      this._refused.delete(id);
      this.keep(id, all ? window : this.cut(window, wide));
    } catch (error) {
      this._refused.set(id, Date.now());
      if (!this._disposed) {
        this._failed.emit(problemOf(error));
      }
      return;
    }
    if (!this._disposed) {
      this.emitChanged({
        type: 'cells-changed',
        region: 'body',
        row: tall * TALL,
        column: wide * WIDE,
        rowSpan: this.tall(tall),
        columnSpan: names.length
      });
    }
  }

  /** The columns of a window: asked for one by name, the server answers with all that are called so. */
  private cut(answer: IRows, wide: number): IRows {
    const there = new Map(marks(answer.columns).map((mark, at) => [mark, at]));
    const places = this._marks
      .slice(wide * WIDE, (wide + 1) * WIDE)
      .map(mark => there.get(mark) ?? -1);
    return {
      ...answer,
      columns: places.map(at => answer.columns[at]),
      cells: places.map(at => answer.cells[at] ?? [])
    };
  }

  /** How many rows a window has. */
  private tall(window: number): number {
    return Math.min(TALL, this._rows - window * TALL);
  }

  private keep(id: string, window: IRows): void {
    this._windows.set(id, window);
    if (this._windows.size > KEPT) {
      const [oldest] = this._windows.keys();
      this._windows.delete(oldest);
    }
  }

  private readonly _rows: number;
  private readonly _names: string[];
  private readonly _marks: string[];
  private readonly _windows = new Map<string, IRows>();
  private readonly _wanted: string[] = [];
  private readonly _asked = new Set<string>();
  /** When each was refused last. */
  private readonly _refused = new Map<string, number>();
  private readonly _failed = new Signal<this, ApiError>(this);
  private _due = false;
  private _disposed = false;
}

function key(row: number, column: number): string {
  return `${Math.floor(row / TALL)} ${Math.floor(column / WIDE)}`;
}
