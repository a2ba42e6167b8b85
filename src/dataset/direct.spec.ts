import { DataModel, TextRenderer } from '@lumino/datagrid';

import { DirectGrid } from './direct';

/** So many rows and columns, whose cells say where they are. */
class Places extends DataModel {
  broken = -1;

  rowCount(region: DataModel.RowRegion): number {
    return region === 'body' ? 1000 : 1;
  }

  columnCount(region: DataModel.ColumnRegion): number {
    return region === 'body' ? 50 : 1;
  }

  data(region: DataModel.CellRegion, row: number, column: number): string {
    if (row === this.broken) {
      throw new Error('no such row');
    }
    return `${region} ${row} ${column}`;
  }
}

/** What was drawn: each text, and the rectangle that it stays within, from its left top to its right bottom. */
class Drawn {
  readonly texts: { text: string; within: number[] }[] = [];
  readonly filled: [string, ...number[]][] = [];
  readonly drawImage = jest.fn();
  readonly setTransform = jest.fn();
  readonly canvas = { width: 512, style: { width: '256px' } };
  fillStyle = '';

  rect = (x: number, y: number, width: number, height: number) => {
    this._rect = [x, y, x + width, y + height];
  };
  clip = () => {
    const [now, to] = [this._within, this._rect];
    this._within = now.map((at, i) => Math[i < 2 ? 'max' : 'min'](at, to[i]));
  };
  save = () => this._saved.push([this._within, this.fillStyle]);
  restore = () => {
    [this._within, this.fillStyle] = this._saved.pop()!;
  };
  fillText = (text: string) => this.texts.push({ text, within: this._within });
  fillRect = (...rectangle: number[]) =>
    this.filled.push([this.fillStyle, ...rectangle]);

  private _rect: number[] = [];
  private _within = [-Infinity, -Infinity, Infinity, Infinity];
  private readonly _saved: [number[], string][] = [];
}

/** A canvas that notes what is drawn on it; what it is not asked about does nothing. */
function context(drawn: Drawn): CanvasRenderingContext2D {
  return new Proxy(drawn as unknown as CanvasRenderingContext2D, {
    get: (target, name) => Reflect.get(target, name) ?? (() => undefined),
    set: (target, name, value) =>
      name === 'fillStyle' ? Reflect.set(target, name, value) : true
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
  const places = new Places();
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
      },
      style: {
        ...{ voidColor: 'black', backgroundColor: 'white' },
        ...{ gridLineColor: 'grey', headerBackgroundColor: 'silver' }
      }
    });
    grid.dataModel = places;
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

  it('has the colours of its style, and none where there is none', () => {
    expect(drawn.filled.slice(0, 2)).toEqual([
      ['black', 0, 0, 250, 100],
      ['white', 50, 30, 200, 70]
    ]);
    const lines = drawn.filled.filter(([color]) => color === 'grey');
    expect(lines).toEqual([
      ...[39, 59, 79, 99].map(y => ['grey', 50, y, 200, 1]),
      ...[119, 219, 319].map(x => ['grey', x, 30, 1, 70])
    ]);
    expect(drawn.filled).toContainEqual(['silver', 0, 0, 50, 30]);
    const known = ['black', 'white', 'grey', 'silver'];
    expect(drawn.filled.filter(([color]) => !known.includes(color))).toEqual(
      []
    );
  });

  it('is as fine as its canvas, whatever the window says', () => {
    expect(drawn.setTransform).toHaveBeenCalledWith(2, 0, 0, 2, 0, 0);
    expect(window.devicePixelRatio).toBe(1);
  });

  it('paints the others where a row cannot be told', async () => {
    const said = jest.spyOn(console, 'error').mockImplementation(() => {});
    places.broken = 101;
    drawn.texts.length = 0;
    grid.ask();
    await Promise.resolve();
    places.broken = -1;
    const texts = drawn.texts.map(({ text }) => text);
    expect(texts).toContain('body 100 0');
    expect(texts).toContain('body 102 2');
    expect(texts).toContain('corner-header 0 0');
    expect(texts.filter(text => text.includes(' 101 '))).toEqual([]);
    expect(said).toHaveBeenCalledTimes(4);
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
