import {
  BasicKeyHandler,
  BasicMouseHandler,
  BasicSelectionModel,
  CellRenderer,
  DataGrid,
  TextRenderer
} from '@lumino/datagrid';

import { DirectGrid } from './direct';
import { LazyRows } from './rows';

/** What stands where the cursor of a grid is. */
export type AtCursor = (row: number, column: number) => string;

/** JupyterLab's grid, empty, in the colours of the theme. */
export function makeGrid(): DataGrid {
  const grid = new DirectGrid({
    defaultSizes: {
      rowHeight: 24,
      columnWidth: 132,
      rowHeaderWidth: 72,
      columnHeaderHeight: 26
    },
    stretchLastColumn: false
  });
  grid.addClass('e2e-Grid');
  grid.mouseHandler = new BasicMouseHandler();
  grid.copyConfig = {
    separator: '\t',
    format: ({ value }) => words(value),
    headers: 'column',
    warningThreshold: 1e6
  };
  paint(grid);
  return grid;
}

/** The keys of a grid, which say what they lead to, to who does not see it; Tab leaves it, as everywhere. */
export class GridKeys extends BasicKeyHandler {
  constructor(private readonly words: AtCursor) {
    super();
    this._said.className = 'e2e-mod-spoken';
    this._said.setAttribute('role', 'status');
  }

  /** Let the keyboard reach a grid. */
  reach(grid: DataGrid, label: string): void {
    grid.keyHandler = this;
    grid.node.append(this._said);
    const { node } = grid.viewport;
    node.tabIndex = 0;
    node.setAttribute('role', 'application'); // arrows are the grid's
    node.setAttribute('aria-label', label);
    node.addEventListener('focus', () => {
      if (node.matches(':focus-visible')) {
        this.begin(grid);
      }
    });
  }

  onKeyDown(grid: DataGrid, event: KeyboardEvent): void {
    if (event.key !== 'Tab') {
      this.begin(grid);
      super.onKeyDown(grid, event);
      this.say(grid);
    }
  }

  /** Go to the first cell, where the cursor is nowhere yet. */
  protected begin(grid: DataGrid): void {
    const { selectionModel } = grid;
    if (selectionModel?.cursorRow === -1 && grid.rowCount('body') > 0) {
      selectionModel.select({
        ...{ r1: 0, c1: 0, r2: 0, c2: 0, cursorRow: 0, cursorColumn: 0 },
        clear: 'all'
      });
    }
    this.say(grid);
  }

  protected say(grid: DataGrid): void {
    const { cursorRow = -1, cursorColumn = -1 } = grid.selectionModel ?? {};
    this._said.textContent =
      cursorRow < 0 ? '' : this.words(cursorRow, cursorColumn);
  }

  private readonly _said = document.createElement('div');
}

/** Show other rows. */
export function showRows(grid: DataGrid, rows: LazyRows): void {
  grid.dataModel = rows;
  grid.selectionModel = new BasicSelectionModel({ dataModel: rows });
  for (let i = 0; i < Math.min(rows.columnCount('body'), 200); i++) {
    grid.resizeColumn('body', i, width(rows, i));
  }
}

/** Take the colours of the theme, which a canvas does not inherit. */
export function paint(grid: DataGrid): void {
  const style = getComputedStyle(document.body);
  const of = (name: string) => style.getPropertyValue(`--jp-${name}`).trim();
  grid.style = {
    ...DataGrid.defaultStyle,
    voidColor: of('layout-color1'),
    backgroundColor: of('layout-color1'),
    gridLineColor: of('border-color2'),
    headerBackgroundColor: of('layout-color2'),
    headerGridLineColor: of('border-color1'),
    headerSelectionFillColor: 'transparent',
    selectionFillColor: 'transparent',
    selectionBorderColor: of('brand-color1'),
    cursorFillColor: 'transparent',
    cursorBorderColor: of('brand-color1'),
    headerSelectionBorderColor: of('brand-color1')
  };
  const font = `${of('ui-font-size1')} ${of('ui-font-family')}`;
  const [plain, quiet] = [of('ui-font-color1'), of('ui-font-color2')];
  const isNumber = (config: CellRenderer.CellConfig) =>
    config.metadata.kind === 'number';
  grid.cellRenderers.update({
    body: new TextRenderer({
      font,
      format: ({ value }) => words(value),
      textColor: ({ value }) =>
        value === null || value === undefined ? quiet : plain,
      horizontalAlignment: config => (isNumber(config) ? 'right' : 'left')
    }),
    'column-header': new TextRenderer({
      font: `600 ${font}`,
      textColor: plain,
      horizontalAlignment: 'left'
    }),
    'row-header': new TextRenderer({
      font,
      textColor: quiet,
      horizontalAlignment: 'right',
      format: ({ value }) => Number(value).toLocaleString('en')
    }),
    'corner-header': new TextRenderer({ font, textColor: quiet })
  });
}

/** A value as it stands in a cell: what is asked for still, what is missing, and what is there. */
function words(value: unknown): string {
  return value === undefined ? '…' : value === null ? 'null' : String(value);
}

/** What stands in a cell, with the names of its row and column. */
export function cell(rows: LazyRows, row: number, column: number): string {
  const name = words(rows.data('column-header', 0, column));
  const value = words(rows.data('body', row, column));
  return `${name}: ${value} · ${words(rows.data('row-header', row, 0))}`;
}

/** Wide enough for the name and the first rows, within reason. */
function width(rows: LazyRows, column: number): number {
  const texts = [words(rows.data('column-header', 0, column))];
  const seen = Math.min(rows.known, 20);
  for (let row = 0; row < seen; row++) {
    texts.push(words(rows.data('body', row, column)));
  }
  const longest = Math.max(...texts.map(text => text.length));
  return Math.max(64, Math.min(280, 24 + longest * 7.5));
}
