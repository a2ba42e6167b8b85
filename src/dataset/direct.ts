import {
  CellRenderer,
  DataGrid,
  DataModel,
  GraphicsContext
} from '@lumino/datagrid';

/** Rows or columns one after the other, as Lumino keeps them; offsets and sizes are in pixels. */
interface ISections {
  readonly count: number;
  /** Of all together. */
  readonly length: number;
  /** Which lies there; -1 behind the last. */
  indexOf(offset: number): number;
  offsetOf(index: number): number;
  sizeOf(index: number): number;
}

/** The rows or columns that a part of the grid shows. */
interface IAxis {
  /** Where the part begins and ends on the canvas. */
  readonly from: number;
  readonly to: number;
  /** Which they are, where each begins, and its size. */
  readonly shown: readonly (readonly [number, number, number])[];
}

/**
 * JupyterLab's grid, with each cell painted where it is seen, once for all that has changed.
 *
 * Lumino paints each cell into a second canvas, and copies it from there. Without a GPU the browser makes a copy of
 * that whole canvas for each cell: 1.7 ms at 1024 × 1024 pixels, most of a second for what a window shows, where
 * the whole frame takes 24 ms without. Merged cells, a last row or column that is stretched, and cells that load by
 * themselves are not painted: there are none here.
 */
export class DirectGrid extends DataGrid {
  /** Lumino asks for rectangles, some in the middle of a move, when the canvas is not yet where the scroll bars are. */
  protected paintContent(): void {
    if (!this._due) {
      this._due = true;
      queueMicrotask(() => {
        this._due = false;
        if (!this.isDisposed) {
          this.paintAll();
        }
      });
    }
  }

  private paintAll(): void {
    const { canvasGC, columnSections, rowSections, scrollX, scrollY } = this;
    const [wide, high] = [this.viewportWidth, this.viewportHeight];
    const left = axis(this.rowHeaderSections, 0, 0, wide);
    const across = axis(columnSections, scrollX, this.headerWidth, wide);
    const top = axis(this.columnHeaderSections, 0, 0, high);
    const down = axis(rowSections, scrollY, this.headerHeight, high);
    const { canvas } = canvasGC;
    const scale = canvas.width / parseFloat(canvas.style.width) || 1; // which Lumino changes when it is told to
    canvasGC.save();
    canvasGC.setTransform(scale, 0, 0, scale, 0, 0);
    const gc = new GraphicsContext(canvasGC);
    try {
      fill(gc, this.style.voidColor, 0, 0, wide, high);
      this.paintPart(gc, 'body', down, across);
      this.paintPart(gc, 'row-header', down, left);
      this.paintPart(gc, 'column-header', top, across);
      this.paintPart(gc, 'corner-header', top, left);
    } finally {
      gc.dispose();
      canvasGC.restore();
    }
  }

  private paintPart(
    gc: GraphicsContext,
    region: DataModel.CellRegion,
    rows: IAxis,
    columns: IAxis
  ): void {
    const { dataModel, style } = this;
    const [width, height] = [columns.to - columns.from, rows.to - rows.from];
    if (!dataModel || width <= 0 || height <= 0) {
      return;
    }
    const [background, line] =
      region === 'body'
        ? [style.backgroundColor, style.gridLineColor]
        : [style.headerBackgroundColor, style.headerGridLineColor];
    gc.save();
    clip(gc, columns.from, rows.from, width, height);
    fill(gc, background, columns.from, rows.from, width, height);
    for (const [column, x, width] of columns.shown) {
      for (const [row, y, height] of rows.shown) {
        this.paintCell(gc, { x, y, width, height, region, row, column });
      }
    }
    for (const [, y, size] of rows.shown) {
      fill(gc, line, columns.from, y + size - 1, width, 1);
    }
    for (const [, x, size] of columns.shown) {
      fill(gc, line, x + size - 1, rows.from, 1, height);
    }
    gc.restore();
  }

  /** Paint a cell; one that cannot be painted stays empty, and the others are painted. */
  private paintCell(
    gc: GraphicsContext,
    at: Omit<CellRenderer.CellConfig, 'value' | 'metadata'>
  ): void {
    const { region, row, column } = at;
    gc.save();
    clip(gc, at.x, at.y, at.width, at.height);
    try {
      const value: unknown = this.dataModel?.data(region, row, column);
      const metadata =
        this.dataModel?.metadata(region, row, column) ??
        DataModel.emptyMetadata;
      const config = { ...at, value, metadata };
      this.cellRenderers.get(config).paint(gc, config);
    } catch (error) {
      console.error(error);
    }
    gc.restore();
  }

  private _due = false;
}

/** What is shown of rows or columns that are scrolled so far, from a place of the canvas to at most another. */
function axis(
  sections: ISections,
  scrolled: number,
  from: number,
  most: number
): IAxis {
  const to = Math.min(most, from + sections.length - scrolled);
  const shown: [number, number, number][] = [];
  let index = Math.max(0, sections.indexOf(scrolled));
  let at = from - scrolled + sections.offsetOf(index);
  for (; index < sections.count && at < to; index++) {
    const size = sections.sizeOf(index);
    shown.push([index, at, size]);
    at += size;
  }
  return { from, to, shown };
}

/** Fill a rectangle; where the theme has no such colour, what is there stays. */
function fill(
  gc: GraphicsContext,
  color: string | undefined,
  ...rectangle: [number, number, number, number]
): void {
  if (color) {
    gc.fillStyle = color;
    gc.fillRect(...rectangle);
  }
}

function clip(
  gc: GraphicsContext,
  x: number,
  y: number,
  width: number,
  height: number
): void {
  gc.beginPath();
  gc.rect(x, y, width, height);
  gc.clip();
}
