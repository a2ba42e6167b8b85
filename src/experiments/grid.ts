import { TranslationBundle } from '@jupyterlab/translation';
import {
  BasicMouseHandler,
  BasicSelectionModel,
  CellRenderer,
  DataGrid,
  TextRenderer
} from '@lumino/datagrid';

import { cut } from '../components/cut';
import { ago } from '../components/words';
import { GridKeys, makeGrid, paint } from '../dataset/grid';
import { IRunEntry } from '../types';
import { IColumn, RunRows } from './rows';
import { duration, figure, statusWord } from './words';

/** What a cell leaves free beside its text, in pixels. */
const PADDING = 16;

/** What the grid asks and tells of the table around it. */
export interface IAround {
  isChosen: (run: IRunEntry) => boolean;
  isPinned: (run: IRunEntry) => boolean;
  /** The order, as the server has it. */
  sort: () => string;
  /** A click on the head of a column. */
  onSort: (column: number) => void;
  /** A click on a run, or Space at it. */
  onChoose: (row: number, how: 'only' | 'toggle' | 'range') => void;
  onOpen: (row: number) => void;
  onMenu: (row: number) => void;
}

/** JupyterLab's grid of runs: rows are chosen, heads are clicked to sort. */
export function makeRunGrid(
  rows: RunRows,
  around: IAround,
  trans: TranslationBundle
): DataGrid {
  const grid = makeGrid();
  grid.dataModel = rows;
  grid.selectionModel = new BasicSelectionModel({
    dataModel: rows,
    selectionMode: 'row'
  });
  grid.mouseHandler = new Mouse(rows, around);
  new Keys(rows, around, trans).reach(grid, trans.__('Runs'));
  paintRuns(grid, rows, around, trans);
  return grid;
}

/** Take the colours of the theme. */
export function paintRuns(
  grid: DataGrid,
  rows: RunRows,
  around: IAround,
  trans: TranslationBundle
): void {
  paint(grid);
  const style = getComputedStyle(document.body);
  const of = (name: string) => style.getPropertyValue(`--jp-${name}`).trim();
  const font = `${of('ui-font-size1')} ${of('ui-font-family')}`;
  const [plain, quiet] = [of('ui-font-color1'), of('ui-font-color2')];
  const chosen = of('layout-color2');
  const backgroundColor = ({ row }: CellRenderer.CellConfig) => {
    const run = rows.at(row);
    return run && around.isChosen(run) ? chosen : '';
  };
  const kind = (column: number) => rows.columns[column];
  const isNumber = ({ column, value }: CellRenderer.CellConfig) =>
    kind(column)?.kind === 'metric' ||
    kind(column)?.name === 'seconds' ||
    (kind(column)?.kind === 'param' &&
      value !== null &&
      Number.isFinite(Number(value)));
  grid.cellRenderers.update({
    body: new TextRenderer({
      font,
      backgroundColor,
      format: ({ value, column, width }) =>
        cut(words(value, kind(column), trans), font, width - PADDING),
      textColor: ({ column }) =>
        kind(column)?.kind === 'fact' && kind(column).name !== 'run'
          ? quiet
          : plain,
      horizontalAlignment: config => (isNumber(config) ? 'right' : 'left')
    }),
    'column-header': new TextRenderer({
      font: `600 ${font}`,
      textColor: plain,
      format: ({ column, value }) => {
        const sort = around.sort();
        const by = sort.replace(/^-/, '');
        return by === kind(column)?.sort
          ? `${value} ${sort.startsWith('-') ? '↓' : '↑'}`
          : String(value);
      }
    }),
    'row-header': new TextRenderer({
      font,
      backgroundColor,
      textColor: plain,
      horizontalAlignment: 'left',
      format: ({ row }) => {
        const run = rows.at(row);
        const pin = run && around.isPinned(run) ? ' ↥' : '';
        return run ? `${around.isChosen(run) ? '☑' : '☐'}${pin}` : '';
      }
    }),
    'corner-header': new TextRenderer({ font, textColor: quiet })
  });
}

/** A value as it stands in its column. */
function words(
  value: unknown,
  column: IColumn | undefined,
  trans: TranslationBundle
): string {
  if (value === undefined) {
    return '…';
  }
  if (value === null) {
    return '';
  }
  switch (column?.kind === 'fact' ? column.name : '') {
    case 'status':
      return statusWord(String(value), trans);
    case 'started':
      return ago(String(value), trans);
    case 'seconds':
      return duration(Number(value), trans);
  }
  return typeof value === 'number' ? figure(value) : String(value);
}

/** A run in words: what is known of it, and whether it is chosen. */
function told(
  rows: RunRows,
  row: number,
  around: IAround,
  trans: TranslationBundle
): string {
  const run = rows.at(row);
  if (!run) {
    return '';
  }
  const facts = rows.columns.map((column, i) => {
    const text = words(rows.data('body', row, i), column, trans);
    return text && column.kind !== 'fact' ? `${column.name} ${text}` : text;
  });
  const chosen = around.isChosen(run) ? trans.__('chosen') : '';
  const pinned = around.isPinned(run) ? trans.__('pinned') : '';
  return [chosen, pinned, ...facts].filter(Boolean).join(' · ');
}

/** Give each column the width of its name and of the first rows, within reason. */
export function fitColumns(grid: DataGrid, rows: RunRows): void {
  grid.resizeColumn('row-header', 0, 44);
  for (const [i, column] of rows.columns.entries()) {
    const texts = [`${column.name} ↓`];
    for (let row = 0; row < Math.min(rows.total, 30); row++) {
      const value = rows.data('body', row, i);
      texts.push(
        typeof value === 'number'
          ? figure(value)
          : column.name === 'started'
            ? '12 min ago'
            : String(value ?? '')
      );
    }
    const longest = Math.max(...texts.map(text => text.length));
    grid.resizeColumn(
      'body',
      i,
      Math.max(72, Math.min(240, 24 + longest * 7.5))
    );
  }
}

class Mouse extends BasicMouseHandler {
  constructor(
    private readonly rows: RunRows,
    private readonly around: IAround
  ) {
    super();
  }

  onMouseDown(grid: DataGrid, event: MouseEvent): void {
    const hit = grid.hitTest(event.clientX, event.clientY);
    const resizes =
      this.cursorForHandle('right') === grid.viewport.node.style.cursor;
    if (hit.region === 'column-header' && event.button === 0 && !resizes) {
      this.around.onSort(hit.column);
      return;
    }
    if (hit.region === 'row-header' && event.button === 0) {
      grid.selectionModel?.clear();
      this.around.onChoose(hit.row, event.shiftKey ? 'range' : 'toggle');
      return;
    }
    if (hit.region === 'body' && event.button === 0) {
      const more = event.ctrlKey || event.metaKey;
      const how = event.shiftKey ? 'range' : more ? 'toggle' : 'only';
      this.around.onChoose(hit.row, how);
    }
    super.onMouseDown(grid, event);
  }

  onMouseDoubleClick(grid: DataGrid, event: MouseEvent): void {
    const hit = grid.hitTest(event.clientX, event.clientY);
    if (hit.region === 'body' && this.rows.at(hit.row)) {
      this.around.onOpen(hit.row);
    }
  }

  onContextMenu(grid: DataGrid, event: MouseEvent): void {
    const hit = grid.hitTest(event.clientX, event.clientY);
    if (hit.region === 'body' || hit.region === 'row-header') {
      this.around.onMenu(hit.row);
    }
  }
}

class Keys extends GridKeys {
  constructor(
    private readonly rows: RunRows,
    private readonly around: IAround,
    trans: TranslationBundle
  ) {
    super(row => told(rows, row, around, trans));
  }

  onKeyDown(grid: DataGrid, event: KeyboardEvent): void {
    const row = grid.selectionModel?.cursorRow ?? -1;
    if ((event.key === ' ' || event.key === 'Enter') && this.rows.at(row)) {
      event.preventDefault();
      event.stopPropagation();
      if (event.key === ' ') {
        this.around.onChoose(row, 'toggle');
        this.say(grid);
      } else {
        this.around.onOpen(row);
      }
      return;
    }
    super.onKeyDown(grid, event);
  }
}
