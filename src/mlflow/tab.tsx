import { IThemeManager } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { IFrame, ReactWidget } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { ISignal, Signal } from '@lumino/signaling';
import { Panel } from '@lumino/widgets';
import * as React from 'react';

import { ApiError, IApi, problemOf } from '../api';
import { Problem } from '../components/problem';
import { IMlflowPages } from '../types';

/** Where MLflow's pages keep whether they are dark. */
const DARK = '_mlflow_dark_mode_toggle_enabled';

/** How MLflow's pages begin where the reader has not chosen: for training runs, without its assistant. */
const BEGINNING = {
  'mlflow.workflowType_v1': '"machine_learning"',
  'mlflow.assistant.fab.autoOpenedOnFirstLoad_v1': 'true'
};

/** What a tab of MLflow's pages needs. */
export interface IMlflowParts {
  readonly api: Pick<IApi, 'mlflow'>;
  readonly themes: IThemeManager | null;
  readonly trans: TranslationBundle;
}

/** A page of MLflow: a run's, or any by what follows its address; else that of all runs. */
export interface IMlflowPlace {
  readonly run?: string;
  readonly at?: string;
}

/** The tab **MLflow**: MLflow's own pages of a project's runs, or where a tracking server has them. */
export class MlflowTab extends Panel {
  constructor(
    /** A folder of the project. */
    readonly folder: string,
    private readonly parts: IMlflowParts
  ) {
    super();
    const { themes, trans } = parts;
    this.addClass('e2e-MlflowTab');
    this.title.label = trans.__('MLflow');
    this.title.caption = folder
      ? trans.__("MLflow's own pages of %1", folder)
      : trans.__("MLflow's own pages");
    this._said = ReactWidget.create(<></>);
    this._said.addClass('e2e-MlflowTab-said');
    this.addWidget(this._said);
    // The pages are of this server and of the same user: scripts may do what those of Lab may.
    this._frame = new IFrame({
      sandbox: [
        'allow-same-origin',
        'allow-scripts',
        'allow-forms',
        'allow-modals',
        'allow-popups',
        'allow-downloads'
      ]
    });
    this._frame.hide();
    this.addWidget(this._frame);
    this.inner.title = trans.__('MLflow');
    this.inner.addEventListener('load', () => this.follow());
    themes?.themeChanged.connect(this.dress, this);
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.parts.themes?.themeChanged.disconnect(this.dress, this);
      Signal.clearData(this);
      super.dispose();
    }
  }

  /** Which of MLflow's pages is shown: what follows its address from `#` on. */
  get at(): string {
    return this._at;
  }

  /** Another page of MLflow is shown. */
  get moved(): ISignal<this, void> {
    return this._moved;
  }

  /**
   * Show all runs, one run, or the page that was shown before a reload. A tab
   * that is not seen waits until it is: MLflow is begun for nobody else.
   */
  goTo(what: IMlflowPlace): void {
    this._wanted = what;
    this.askIfSeen();
  }

  private askIfSeen(): void {
    if (this._wanted && this.isVisible) {
      const wanted = this._wanted;
      this._wanted = null;
      void this.ask(wanted);
    }
  }

  private async ask(what: IMlflowPlace): Promise<void> {
    const asked = (this._asked = {});
    const { trans } = this.parts;
    if (this._frame.isHidden) {
      this.say(
        <p className="e2e-Hint" role="status" aria-busy="true">
          {trans.__('MLflow is being started. This takes some seconds.')}
        </p>
      );
    }
    try {
      const pages = await this.parts.api.mlflow(this.folder, what.run ?? null);
      if (this._asked !== asked || this.isDisposed) {
        return;
      }
      if (pages.own) {
        const [address, place] = pages.url.split('#');
        this.open(address, what.at || `#${place}`);
      } else {
        this.say(<Elsewhere pages={pages} trans={trans} />);
      }
    } catch (error) {
      if (this._asked === asked && !this.isDisposed) {
        this.fail(problemOf(error), () => this.goTo(what));
      }
    }
  }

  protected onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    if (this._address) {
      this._frame.url = this._address + this._at; // a frame that was moved is loaded anew
    }
    this.askIfSeen();
  }

  protected onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this.askIfSeen();
  }

  protected onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    this.inner.focus();
  }

  private get inner(): HTMLIFrameElement {
    return this._frame.node.querySelector('iframe')!;
  }

  private open(address: string, at: string): void {
    const again = this._address === address;
    this._address = address;
    this.note(at);
    this._said.hide();
    this._frame.show();
    for (const [name, value] of Object.entries(BEGINNING)) {
      localStorage.setItem(name, localStorage.getItem(name) ?? value);
    }
    this.dress();
    if (again && this.inner.contentWindow) {
      this.inner.contentWindow.location.hash = at;
    } else {
      this._frame.url = address + at;
    }
  }

  private say(words: React.ReactElement): void {
    this._address = '';
    this._frame.hide();
    this._frame.url = 'about:blank';
    this._said.dispose();
    this._said = ReactWidget.create(words);
    this._said.addClass('e2e-MlflowTab-said');
    this.insertWidget(0, this._said);
  }

  private fail(problem: ApiError, again: () => void): void {
    const { trans } = this.parts;
    this.say(<Problem problem={problem} onRetry={again} trans={trans} />);
  }

  /** Know where in MLflow's pages the reader goes. */
  private follow(): void {
    const inside = this.inner.contentWindow as
      (Window & { navigation?: EventTarget }) | null;
    if (!this._address || !inside) {
      return;
    }
    const note = () => {
      if (inside.location.hash) {
        this.note(inside.location.hash);
      }
    };
    inside.addEventListener('hashchange', note);
    inside.navigation?.addEventListener('currententrychange', note);
    note();
  }

  private note(at: string): void {
    if (this._at !== at) {
      this._at = at;
      this._moved.emit();
    }
  }

  /** Have MLflow's pages light or dark as Lab is. */
  private dress(): void {
    const { themes } = this.parts;
    if (!themes?.theme) {
      return;
    }
    const dark = String(!themes.isLight(themes.theme));
    const changed = localStorage.getItem(DARK) !== dark;
    localStorage.setItem(DARK, dark);
    if (changed && this._address && this._frame.url.startsWith('http')) {
      this.inner.contentWindow?.location.reload();
    }
  }

  private _address = '';
  private _asked: object = {};
  private _at = '';
  private readonly _frame: IFrame;
  private readonly _moved = new Signal<this, void>(this);
  private _said: ReactWidget;
  private _wanted: IMlflowPlace | null = null;
}

/** Where a tracking server has its pages. */
export function Elsewhere(props: {
  pages: IMlflowPages;
  trans: TranslationBundle;
}): React.ReactElement {
  const { pages, trans } = props;
  return (
    <>
      <p>
        {trans.__(
          'The runs of this project are at a tracking server. Its pages open in a tab of the browser:'
        )}
      </p>
      <p>
        <a
          className="e2e-Link"
          href={pages.url}
          target="_blank"
          rel="noopener noreferrer"
        >
          {pages.url.split('#')[0]}
        </a>
      </p>
    </>
  );
}
