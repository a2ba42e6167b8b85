import { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import { ApiError, IApi, problemOf } from '../api';
import { Problem } from '../components/problem';
import { SeenWidget } from '../components/seen';
import { IComparison, IRunDetail } from '../types';
import { IFollower, Watch } from '../watch';
import { IDrawing } from './chart';
import { Compared } from './compare';
import { Detail } from './detail';

/** How often to look at a run that goes on. */
const LIVE_MS = 1500;

/** What a tab of runs needs. */
export interface IRunTabParts {
  readonly api: Pick<IApi, 'run' | 'compareRuns'>;
  readonly watch: Watch;
  readonly drawing: IDrawing;
  readonly trans: TranslationBundle;
  /** Whether the project can be written to. */
  readonly canChange: () => boolean;
  readonly onRegister: (detail: IRunDetail) => void;
  readonly onMlflow: (id: string) => void;
  readonly onOpen: (id: string) => void;
  readonly onData: (ref: string) => void;
}

/** The tab of one run, or of several compared. */
export class RunTab extends SeenWidget implements IFollower {
  constructor(
    /** A folder of the project. */
    readonly folder: string,
    readonly ids: readonly string[],
    private readonly parts: IRunTabParts
  ) {
    super();
    this.addClass('e2e-RunTab');
    this.node.setAttribute('role', 'region');
    this.node.tabIndex = 0;
    this.entitle(parts.trans.__('Run'));
  }

  dispose(): void {
    if (!this.isDisposed) {
      clearTimeout(this._again);
      this.parts.watch.leave(this);
      Signal.clearData(this);
      super.dispose();
    }
  }

  /** What it shows is otherwise. */
  get shown(): Signal<this, void> {
    return this._shown;
  }

  async ask(): Promise<() => void> {
    const { api, trans } = this.parts;
    try {
      if (this.ids.length === 1) {
        const detail = await api.run(this.folder, this.ids[0]);
        return () => {
          this._detail = detail;
          this.entitle(detail.run.name);
          this.know(detail.run.status === 'running');
        };
      }
      const comparison = await api.compareRuns(this.folder, this.ids);
      return () => {
        this._comparison = comparison;
        const { runs } = comparison;
        this.entitle(trans.__('%1 runs compared', runs.length));
        this.know(runs.some(({ status }) => status === 'running'));
      };
    } catch (error) {
      const problem = problemOf(error);
      if (problem.code === 'network') {
        throw problem;
      }
      return () => {
        this._problem = problem;
        this._shown.emit();
      };
    }
  }

  /** The sidebar looks at no project; the tab stays with its own. */
  forget(): void {
    if (!this._detail && !this._comparison && !this._problem) {
      this.askNow();
    }
  }

  protected seen(visible: boolean): void {
    clearTimeout(this._again);
    if (visible) {
      this.parts.watch.follow(this);
    } else {
      this.parts.watch.leave(this);
    }
  }

  protected render(): React.ReactElement {
    return (
      <UseSignal signal={this._shown}>{() => <>{this.draw()}</>}</UseSignal>
    );
  }

  private draw(): React.ReactNode {
    const { drawing, trans, canChange, onData, onMlflow, onOpen, onRegister } =
      this.parts;
    const detail = this._detail;
    const comparison = this._comparison;
    return (
      <>
        {this._problem && <Problem problem={this._problem} trans={trans} />}
        {!this._problem && !detail && !comparison && (
          <p className="e2e-Hint" aria-busy="true">
            {trans.__('Looking…')}
          </p>
        )}
        {detail && (
          <Detail
            detail={detail}
            drawing={drawing}
            trans={trans}
            onRegister={canChange() ? () => onRegister(detail) : null}
            onMlflow={canChange() ? () => onMlflow(detail.run.id) : null}
            onData={onData}
          />
        )}
        {comparison && (
          <>
            <h2>{this.title.label}</h2>
            <Compared
              comparison={comparison}
              drawing={drawing}
              trans={trans}
              onOpen={onOpen}
            />
          </>
        )}
      </>
    );
  }

  private know(going: boolean): void {
    this._problem = null;
    this._shown.emit();
    clearTimeout(this._again);
    if (going && this.isVisible) {
      this._again = setTimeout(() => this.askNow(), LIVE_MS);
    }
  }

  private askNow(): void {
    void this.ask().then(
      show => !this.isDisposed && show(),
      reason => console.debug('e2e-lab: the run is not known', reason)
    );
  }

  private entitle(label: string): void {
    this.title.label = label;
    this.node.setAttribute('aria-label', label);
  }

  private _detail: IRunDetail | null = null;
  private _comparison: IComparison | null = null;
  private _problem: ApiError | null = null;
  private _again?: ReturnType<typeof setTimeout>;
  private readonly _shown = new Signal<this, void>(this);
}
