import { IThemeManager } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { DataGrid } from '@lumino/datagrid';
import { MessageLoop } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';
import * as React from 'react';

import { ApiError, problemOf } from '../api';
import { Problem } from '../components/problem';
import { GridKeys, cell, makeGrid, paint, showRows } from './grid';
import { DatasetModel } from './model';
import { LazyRows } from './rows';

/** The rows of the version that is looked at, in JupyterLab's grid. Nothing is asked for while it is hidden. */
export class RowsView extends Panel {
  constructor(
    private readonly model: DatasetModel,
    private readonly trans: TranslationBundle,
    private readonly themes: IThemeManager | null
  ) {
    super();
    this.addClass('e2e-RowsView');
    this._grid = makeGrid();
    const keys = new GridKeys((row, column) =>
      this._rows ? cell(this._rows, row, column) : ''
    );
    keys.reach(this._grid, trans.__('Rows'));
    this._note = ReactWidget.create(<></>);
    this.addWidget(this._note);
    this.addWidget(this._grid);
    this._resized = new ResizeObserver(() =>
      MessageLoop.postMessage(this._grid, Widget.ResizeMessage.UnknownSize)
    );
    this._resized.observe(this._grid.node);
    themes?.themeChanged.connect(this.repaint, this);
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.themes?.themeChanged.disconnect(this.repaint, this);
      this._resized.disconnect();
      this._rows?.dispose();
      super.dispose();
    }
  }

  /** Show the version that is looked at, unless it is shown already. */
  async look(): Promise<void> {
    const { model, trans } = this;
    const { version } = model.state;
    if (!model.at || !version || version.id === this._shown) {
      return;
    }
    this._shown = version.id;
    const left = () => version.id !== this._shown || this.isDisposed;
    const slow = setTimeout(
      () => !left() && this.say(trans.__('Reading…')),
      300
    );
    try {
      const rows = await LazyRows.open(model.api, model.at, version.columns);
      if (left()) {
        rows.dispose();
        return;
      }
      rows.failed.connect((_, problem) => {
        this._lacks = true;
        this.say(problem, () => {
          this.say(null);
          rows.retry();
        });
      });
      rows.changed.connect(() => {
        if (this._lacks) {
          this._lacks = false;
          this.say(null); // what was missing came
        }
      });
      this._rows?.dispose();
      this._rows = rows;
      showRows(this._grid, rows);
      this._grid.node.setAttribute('role', 'group');
      this._grid.node.setAttribute(
        'aria-label',
        trans.__('Rows of %1', version.ref)
      );
      this.say(
        rows.rowCount('body') === 0
          ? trans.__('This version has no rows.')
          : null
      );
    } catch (error) {
      if (!left()) {
        this._shown = null;
        this.say(problemOf(error), () => void this.look());
      }
    } finally {
      clearTimeout(slow);
    }
  }

  private say(what: ApiError | string | null, onRetry?: () => void): void {
    const { trans } = this;
    this._note.dispose();
    this._note = ReactWidget.create(
      what instanceof ApiError ? (
        <Problem problem={what} onRetry={onRetry} trans={trans} />
      ) : (
        <>{what && <p className="e2e-Hint">{what}</p>}</>
      )
    );
    this.insertWidget(0, this._note);
  }

  private repaint(): void {
    // The variables are those of the new theme a moment later.
    setTimeout(() => this.isDisposed || paint(this._grid), 50);
  }

  private _rows: LazyRows | null = null;
  private _shown: string | null = null;
  /** A window could not be had. */
  private _lacks = false;
  private _note: Widget;
  private readonly _grid: DataGrid;
  private readonly _resized: ResizeObserver;
}
