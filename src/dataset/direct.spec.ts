import { DataModel, TextRenderer } from '@lumino/datagrid';

import { DirectGrid } from './direct';

/** So many rows and columns, whose cells say where they are. */
class Places extends DataModel {
  rowCount(region: DataModel.RowRegion): number {
    return region === 'body' ? 1000 : 1;
  }

  columnCount(region: DataModel.ColumnRegion): number {
    return region === 'body' ? 50 : 1;
  }

  data(region: DataModel.CellRegion, row: number, column: number): string {
    return `${region} ${row} ${column}`;
  }
}

/** What was drawn: each text, and the rectangle that it stays within, from its left top to its right bottom. */
class Drawn {
  readonly texts: { text: string; within: number[] }[] = [];
  readonly drawImage = jest.fn();

  rect = (x: number, y: number, width: number, height: number) => {
    this._rect = [x, y, x + width, y + height];
  };
  clip = () => {
    const [now, to] = [this._within, this._rect];
    this._within = now.map((at, i) => Math[i < 2 ? 'max' : 'min'](at, to[i]));
  };
  save = () => this._saved.push(this._within);
  restore = () => (this._within = this._saved.pop() ?? this._within);
  fillText = (text: string) => this.texts.push({ text, within: this._within });

  private _rect: number[] = [];
  private _within = [-Infinity, -Infinity, Infinity, Infinity];
  private readonly _saved: number[][] = [];
}

/** A canvas that notes what is drawn on it; what it is not asked about does nothing. */
function context(drawn: Drawn): CanvasRenderingContext2D {
  return new Proxy(drawn as unknown as CanvasRenderingContext2D, {
    get: (target, name) => Reflect.get(target, name) ?? (() => undefined),
    set: () => true
  });
}

class Grid extends DirectGrid {
  get viewportWidth(): number {
    return 250;
  }

  get viewportHeight(): number {
    return 100;
  }

  get scrollX(): number {
    return 30;
  }

  get scrollY(): number {
    return 2010;
  }

  /** As Lumino does. */
  ask(): void {
    this.paintContent();
  }
}

describe('DirectGrid', () => {
  const drawn = new Drawn();
  let grid: Grid;

  beforeAll(async () => {
    jest.spyOn(TextRenderer, 'measureFontHeight').mockReturnValue(12);
    jest
      .spyOn(HTMLCanvasElement.prototype, 'getContext')
      .mockReturnValue(context(drawn));
    const defaultSizes = { rowHeight: 20, columnWidth: 100 };
    grid = new Grid({
      defaultSizes: {
        ...defaultSizes,
        ...{ rowHeaderWidth: 50, columnHeaderHeight: 30 }
      }
    });
    grid.dataModel = new Places();
    grid.ask();
    grid.ask();
    expect(drawn.texts).toEqual([]);
    await Promise.resolve();
  });

  afterAll(() => {
    grid.dispose();
    jest.restoreAllMocks();
  });

  it('paints what is seen, once, however often it is asked', () => {
    const rows = [100, 101, 102, 103];
    expect(drawn.texts.map(({ text }) => text)).toEqual([
      ...[0, 1, 2].flatMap(column => rows.map(row => `body ${row} ${column}`)),
      ...rows.map(row => `row-header ${row} 0`),
      ...[0, 1, 2].map(column => `column-header 0 ${column}`),
      'corner-header 0 0'
    ]);
  });

  it('keeps each text in its cell, and what is scrolled out behind the heads', () => {
    const within = (text: string) =>
      drawn.texts.find(one => one.text === text)?.within;
    expect(within('body 100 0')).toEqual([50, 30, 120, 40]);
    expect(within('body 101 1')).toEqual([120, 40, 220, 60]);
    expect(within('row-header 101 0')).toEqual([0, 40, 50, 60]);
    expect(within('column-header 0 2')).toEqual([220, 0, 250, 30]);
  });

  it('copies no canvas, which is what takes long without a GPU', () => {
    expect(drawn.drawImage).not.toHaveBeenCalled();
  });

  it('paints nothing any more when it is gone', async () => {
    const gone = new Grid();
    gone.dataModel = new Places();
    drawn.texts.length = 0;
    gone.ask();
    gone.dispose();
    await Promise.resolve();
    expect(drawn.texts).toEqual([]);
  });
});
