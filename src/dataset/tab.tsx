import { IThemeManager } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import { Message } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';
import * as React from 'react';

import { Asked } from '../components/asked';
import { keepFocus } from '../components/focus';
import { FlowModel } from '../flow/model';
import { Kernels } from '../kernel/model';
import { DatasetActions } from './actions';
import { Changes } from './changes';
import { Columns } from './columns';
import { DatasetHead } from './head';
import { Lineage } from './lineage';
import { DatasetModel } from './model';
import { RowsView } from './table';
import { viewName } from './views';

/** The tab of one dataset: its versions along the top, and below it rows, columns, changes or lineage. */
export class DatasetTab extends Panel {
  constructor(
    readonly model: DatasetModel,
    private readonly parts: {
      flow: FlowModel;
      kernels: Kernels;
      actions: DatasetActions;
      themes: IThemeManager | null;
      trans: TranslationBundle;
      /** Show another version. */
      onOpen: (ref: string) => void;
    }
  ) {
    super();
    const { flow, kernels, actions, themes, trans } = parts;
    this.addClass('e2e-DatasetTab');
    const head = this.drawn(() => (
      <DatasetHead
        model={model}
        actions={actions}
        writable={flow.state.status?.writable ?? true}
        trans={trans}
      />
    ));
    head.addClass('e2e-DatasetTab-head');
    this._rows = new RowsView(model, trans, themes);
    this._other = this.drawn(() => this.other());
    this._other.addClass('e2e-DatasetTab-other');
    this.addWidget(head);
    for (const view of [this._rows, this._other]) {
      view.node.setAttribute('role', 'tabpanel');
      this.addWidget(view);
    }
    this._other.node.tabIndex = 0; // the rows have a grid that the keyboard reaches
    this._letGo = keepFocus(this.node);
    model.changed.connect(this.change, this);
    flow.changed.connect(this.redraw, this);
    kernels.changed.connect(this.redraw, this);
    this.change();
  }

  dispose(): void {
    if (!this.isDisposed) {
      Signal.clearData(this);
      this.model.dispose();
      this._letGo();
      super.dispose();
    }
  }

  protected onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this.model.seen(this.isVisible);
  }

  protected onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this.model.seen(true);
    this.change();
  }

  protected onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this.model.seen(false);
  }

  protected onBeforeDetach(msg: Message): void {
    this.model.seen(false);
    super.onBeforeDetach(msg);
  }

  protected onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    this.node.querySelector<HTMLElement>('[aria-selected=true]')?.focus();
  }

  private change(): void {
    const { name, version, view } = this.model.state;
    this.title.label = name;
    this.title.caption = version?.ref ?? name;
    this._rows.setHidden(view !== 'rows');
    this._other.setHidden(view === 'rows');
    const shown = view === 'rows' ? this._rows : this._other;
    shown.node.setAttribute('aria-label', viewName(view, this.parts.trans));
    if (view === 'rows') {
      void this._rows.look();
    }
    this.redraw();
  }

  private redraw(): void {
    this._redrawn.emit();
  }

  private drawn(what: () => React.ReactNode): Widget {
    return ReactWidget.create(
      <UseSignal signal={this._redrawn}>{() => <>{what()}</>}</UseSignal>
    );
  }

  private other(): React.ReactNode {
    const { model } = this;
    const { trans, onOpen } = this.parts;
    const { version, view } = model.state;
    const at = model.at;
    if (!version || !at) {
      return null;
    }
    switch (view) {
      case 'rows':
        return null;
      case 'columns':
        return (
          <Asked
            of={version.id}
            ask={() => model.api.rows(at, { offset: 0, limit: 1 })}
            trans={trans}
          >
            {({ columns }) => (
              <Columns
                api={model.api}
                version={at}
                id={version.id}
                columns={columns}
                rows={version.rows}
                trans={trans}
              />
            )}
          </Asked>
        );
      case 'changes':
        return <Changes model={model} trans={trans} />;
      case 'lineage':
        return (
          <Asked
            of={`${version.ref} ${version.id}`}
            ask={() => model.api.lineage(at)}
            trans={trans}
          >
            {graph => <Lineage graph={graph} trans={trans} onOpen={onOpen} />}
          </Asked>
        );
    }
  }

  private readonly _redrawn = new Signal<this, void>(this);
  private readonly _rows: RowsView;
  private readonly _letGo: () => void;
  private readonly _other: Widget;
}
