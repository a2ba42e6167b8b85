import { IThemeManager } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import {
  Button,
  HTMLSelect,
  ReactWidget,
  UseSignal
} from '@jupyterlab/ui-components';
import { DataGrid } from '@lumino/datagrid';
import { Message, MessageLoop } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { Panel, Widget } from '@lumino/widgets';
import * as React from 'react';

import { ApiError, IApi, problemOf } from '../api';
import { keepFocus } from '../components/focus';
import { Problem } from '../components/problem';
import { count, counted } from '../components/words';
import { IRunColumn, IRunEntry } from '../types';
import { IFollower, Watch } from '../watch';
import { chooseColumns } from './choose';
import { IAround, fitColumns, makeRunGrid, paintRuns } from './grid';
import { ENDS, FACTS, IColumn, NAME, RunRows, columnOf, usual } from './rows';

/** How long to wait for the next letter of a filter. */
const TYPING_MS = 250;

/** Runs that are compared at once. */
const MOST_COMPARED = 50;

/** What the table of runs needs. */
export interface IRunTableParts {
  readonly api: Pick<IApi, 'runs' | 'runColumns'>;
  readonly watch: Watch;
  readonly themes: IThemeManager | null;
  readonly trans: TranslationBundle;
  readonly canRegister: (run: IRunEntry | null) => boolean;
  readonly onRegister: (run: IRunEntry) => void;
  readonly onOpen: (run: IRunEntry) => void;
  readonly onCompare: (ids: readonly string[]) => void;
}

/** What of the table is kept over a reload. */
export interface IRunTableState {
  readonly sort: string;
  readonly match: string;
  readonly pins: readonly string[];
  /** Names as `metric NAME`, `param NAME`; null: the usual ones. */
  readonly columns: readonly string[] | null;
}

/** The tab **Experiments**: all runs, sorted, filtered, chosen to be compared. */
export class RunTable extends Panel implements IFollower {
  constructor(
    /** A folder of the project. */
    readonly folder: string,
    private readonly parts: IRunTableParts,
    state: Partial<IRunTableState> = {}
  ) {
    super();
    const { trans, themes } = parts;
    this._state = { ...this._state, ...state };
    this.addClass('e2e-RunTable');
    this._rows = new RunRows(parts.api, folder);
    const head = this.drawn(() => this.head());
    head.addClass('e2e-RunTable-head');
    this._letGo = keepFocus(head.node);
    this._grid = makeRunGrid(this._rows, this._around, trans);
    this._grid.node.setAttribute('aria-label', trans.__('Runs'));
    this._grid.node.setAttribute('role', 'region');
    this.addWidget(head);
    this.addWidget(this._grid);
    this._resized = new ResizeObserver(() =>
      MessageLoop.postMessage(this._grid, Widget.ResizeMessage.UnknownSize)
    );
    this._resized.observe(this._grid.node);
    this._rows.loaded.connect(() => this.redraw());
    this._rows.failed.connect((_, problem) => {
      this._problem = problem;
      this.redraw();
    });
    themes?.themeChanged.connect(this.repaint, this);
  }

  get state(): IRunTableState {
    return this._state;
  }

  /** What is kept of it is otherwise. */
  get stateChanged(): Signal<this, void> {
    return this._stateChanged;
  }

  /** The runs that are chosen, by id, in the order in which they were. */
  get chosen(): readonly string[] {
    return [...this._chosen.keys()];
  }

  /** Choose a run that another part of the page names. */
  choose(run: IRunEntry): void {
    this._chosen.set(run.id, run);
    this._rows.redraw();
    this.redraw();
  }

  dispose(): void {
    if (!this.isDisposed) {
      clearTimeout(this._typing);
      this.parts.themes?.themeChanged.disconnect(this.repaint, this);
      this.parts.watch.leave(this);
      this._resized.disconnect();
      this._letGo();
      this._rows.dispose();
      Signal.clearData(this);
      super.dispose();
    }
  }

  async ask(): Promise<() => void> {
    try {
      const { items } = await this.parts.api.runColumns(this.folder);
      return () => {
        this._known = items;
        void this.askRuns();
      };
    } catch (error) {
      const problem = problemOf(error);
      if (problem.code === 'network') {
        throw problem;
      }
      return () => {
        this._problem = problem;
        this.redraw();
      };
    }
  }

  /** The sidebar looks at no project; the tab stays with its own. */
  forget(): void {
    if (this._known === null) {
      void this.ask().then(show => show());
    }
  }

  protected onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this.seen(this.isVisible);
  }

  protected onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this.seen(true);
  }

  protected onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this.seen(false);
  }

  protected onBeforeDetach(msg: Message): void {
    this.seen(false);
    super.onBeforeDetach(msg);
  }

  protected onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    this.node.querySelector<HTMLElement>('input')?.focus();
  }

  private seen(visible: boolean): void {
    if (visible) {
      this.parts.watch.follow(this);
    } else {
      this.parts.watch.leave(this);
    }
  }

  /** Ask for the runs as they are wanted now. */
  private async askRuns(): Promise<void> {
    const { sort, match, pins } = this._state;
    const columns = [
      NAME,
      ...FACTS,
      ...this.chosenColumns().map(columnOf),
      ...ENDS
    ];
    const before = this._rows.columns.map(({ name }) => name).join();
    this._problem = null;
    const wanted = { sort, pin: pins, ...(match.trim() && { match }) };
    await this._rows.show(wanted, columns);
    if (
      !this.isDisposed &&
      before !== this._rows.columns.map(({ name }) => name).join()
    ) {
      fitColumns(this._grid, this._rows);
    }
  }

  private chosenColumns(): IRunColumn[] {
    const known = this._known ?? [];
    const { columns } = this._state;
    return columns === null
      ? usual(known)
      : known.filter(({ kind, name }) => columns.includes(`${kind} ${name}`));
  }

  private head(): React.ReactNode {
    const { trans, canRegister, onRegister, onOpen, onCompare } = this.parts;
    const { sort, match, pins } = this._state;
    const chosen = [...this._chosen.values()];
    const one = chosen.length === 1 ? chosen[0] : null;
    const pinned = chosen.length > 0 && chosen.every(r => pins.includes(r.id));
    const by = sort.replace(/^-/, '');
    const sortable = this._rows.columns.filter(column => column.sort !== null);
    return (
      <>
        <div className="e2e-RunTable-line">
          <input
            className="jp-mod-styled e2e-RunTable-filter"
            type="search"
            placeholder={trans.__('Filter: ridge, rmse<0.5, depth=6')}
            aria-label={trans.__('Filter runs')}
            defaultValue={match}
            onChange={event => this.filter(event.target.value)}
          />
          <label className="e2e-RunTable-sort">
            {trans.__('Sort by')}
            <HTMLSelect
              value={by}
              aria-label={trans.__('Sort by')}
              onChange={event => this.sortBy(event.target.value)}
            >
              {sortable.map(({ kind, name, sort }) => (
                <option key={sort} value={sort ?? ''}>
                  {kind === 'param' ? trans.__('%1 (parameter)', name) : name}
                </option>
              ))}
            </HTMLSelect>
            <Button
              className="jp-mod-styled"
              aria-label={
                sort.startsWith('-')
                  ? trans.__('Sorted from the largest; turn round')
                  : trans.__('Sorted from the smallest; turn round')
              }
              title={trans.__('Turn the order round')}
              onClick={() => this.sortBy(by)}
            >
              {sort.startsWith('-') ? '↓' : '↑'}
            </Button>
          </label>
          <Button
            className="jp-mod-styled"
            onClick={() => void this.askColumns()}
          >
            {trans.__('Columns…')}
          </Button>
          <span className="e2e-mod-secondary" role="status">
            {chosen.length > 0
              ? trans.__(
                  '%1 of %2 chosen',
                  count(chosen.length),
                  count(this._rows.total)
                )
              : counted(
                  trans._n('%1 run', '%1 runs', this._rows.total),
                  this._rows.total
                )}
          </span>
        </div>
        <div
          className="e2e-Buttons"
          role="toolbar"
          aria-label={trans.__('Chosen runs')}
        >
          <Button
            className="jp-mod-styled jp-mod-accept"
            disabled={chosen.length < 2 || chosen.length > MOST_COMPARED}
            title={trans.__('Choose two runs or more')}
            onClick={() => onCompare(this.chosen)}
          >
            {trans.__('Compare')}
          </Button>
          <Button
            className="jp-mod-styled"
            disabled={!one}
            onClick={() => one && onOpen(one)}
          >
            {trans.__('Open')}
          </Button>
          <Button
            className="jp-mod-styled"
            disabled={!canRegister(one)}
            title={trans.__('Give the model of the chosen run a version')}
            onClick={() => one && onRegister(one)}
          >
            {trans.__('Register…')}
          </Button>
          <Button
            className="jp-mod-styled"
            disabled={chosen.length === 0}
            title={trans.__('Keep the chosen runs at the top')}
            onClick={() => this.pin(!pinned)}
          >
            {pinned ? trans.__('Unpin') : trans.__('Pin')}
          </Button>
          {chosen.length > 0 && (
            <Button
              className="jp-mod-styled"
              onClick={() => {
                this._chosen.clear();
                this._rows.redraw();
                this.redraw();
              }}
            >
              {trans.__('Choose none')}
            </Button>
          )}
        </div>
        {this._problem && (
          <Problem
            problem={this._problem}
            onRetry={() => void this.askRuns()}
            trans={trans}
          />
        )}
        {!this._problem && this._known !== null && this._rows.total === 0 && (
          <p className="e2e-Hint">
            {match.trim()
              ? trans.__('No run fits “%1”.', match)
              : trans.__('No runs yet.')}
          </p>
        )}
      </>
    );
  }

  private filter(match: string): void {
    clearTimeout(this._typing);
    this._typing = setTimeout(() => this.change({ match }), TYPING_MS);
  }

  /** Sort by something; what is sorted by already is turned round. */
  private sortBy(by: string): void {
    const { sort } = this._state;
    const now = sort === by ? `-${by}` : sort === `-${by}` ? by : first(by);
    this.change({ sort: now });
  }

  private pin(on: boolean): void {
    const ids = this.chosen;
    const others = this._state.pins.filter(id => !ids.includes(id));
    this.change({ pins: on ? [...others, ...ids] : others });
  }

  private async askColumns(): Promise<void> {
    const known = this._known ?? [];
    const shown = this.chosenColumns();
    const columns = await chooseColumns(known, shown, this.parts.trans);
    if (columns) {
      this.change({ columns });
    }
  }

  private change(change: Partial<IRunTableState>): void {
    this._state = { ...this._state, ...change };
    this._stateChanged.emit();
    this.redraw();
    void this.askRuns();
  }

  private mark(row: number, how: 'only' | 'toggle' | 'range'): void {
    const run = this._rows.at(row);
    if (!run) {
      return;
    }
    if (how === 'toggle' && this._chosen.delete(run.id)) {
      // taken out
    } else if (how === 'range' && this._last !== null) {
      const [from, to] = [Math.min(row, this._last), Math.max(row, this._last)];
      for (const [at, one] of this._rows.known()) {
        if (at >= from && at <= to) {
          this._chosen.set(one.id, one);
        }
      }
    } else {
      if (how === 'only') {
        this._chosen.clear();
      }
      this._chosen.set(run.id, run);
    }
    this._last = row;
    this._rows.redraw();
    this.redraw();
  }

  private repaint(): void {
    // The variables are those of the new theme a moment later.
    const { trans } = this.parts;
    setTimeout(
      () =>
        this.isDisposed ||
        paintRuns(this._grid, this._rows, this._around, trans),
      50
    );
  }

  private redraw(): void {
    this._redrawn.emit();
  }

  private drawn(what: () => React.ReactNode): Widget {
    return ReactWidget.create(
      <UseSignal signal={this._redrawn}>{() => <>{what()}</>}</UseSignal>
    );
  }

  private readonly _around: IAround = {
    isChosen: run => this._chosen.has(run.id),
    isPinned: run => this._state.pins.includes(run.id),
    sort: () => this._state.sort,
    onSort: column => {
      const { sort } = this._rows.columns[column] ?? ({} as Partial<IColumn>);
      if (sort) {
        this.sortBy(sort);
      }
    },
    onChoose: (row, how) => this.mark(row, how),
    onOpen: row => {
      const run = this._rows.at(row);
      if (run) {
        this.parts.onOpen(run);
      }
    },
    onMenu: row => {
      const run = this._rows.at(row);
      if (run && !this._chosen.has(run.id)) {
        this.mark(row, 'only');
      }
    }
  };
  private _state: IRunTableState = {
    sort: '-time',
    match: '',
    pins: [],
    columns: null
  };
  private _known: readonly IRunColumn[] | null = null;
  private _problem: ApiError | null = null;
  private _typing?: ReturnType<typeof setTimeout>;
  /** The row that was chosen last, from which a range goes. */
  private _last: number | null = null;
  private readonly _chosen = new Map<string, IRunEntry>();
  private readonly _redrawn = new Signal<this, void>(this);
  private readonly _stateChanged = new Signal<this, void>(this);
  private readonly _rows: RunRows;
  private readonly _grid: DataGrid;
  private readonly _resized: ResizeObserver;
  private readonly _letGo: () => void;
}

/** How a column is sorted at first: the newest and longest first, errors from the smallest, scores from the largest. */
function first(by: string): string {
  const high = /(^|[._/])(acc|accuracy|auc|f1|r2|score|precision|recall)/i;
  return by === 'time' || by === 'seconds' || high.test(by) ? `-${by}` : by;
}
