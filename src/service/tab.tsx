import { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import * as React from 'react';

import { SeenWidget } from '../components/seen';
import { Code } from './code';
import { IServiceActions, ServiceHead, viewName } from './head';
import { ServiceLog } from './log';
import { ServiceModel } from './model';
import { Requests } from './requests';
import { TryIt } from './tryit';

/** The tab of one service: how it stands, and below that a form, its requests, code or its log. */
export class ServiceTab extends SeenWidget {
  constructor(
    readonly model: ServiceModel,
    private readonly actions: IServiceActions,
    private readonly onOpen: (ref: string) => void,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('e2e-DatasetTab');
    this.addClass('e2e-ServiceTab');
    this.title.label = model.at.name;
    this.title.caption = trans.__('Service %1', model.at.name);
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.model.dispose();
      super.dispose();
    }
  }

  protected seen(visible: boolean): void {
    this.model.seen(visible);
  }

  protected onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    this.node.querySelector<HTMLElement>('[aria-selected=true]')?.focus();
  }

  protected render(): React.ReactElement {
    return (
      <UseSignal signal={this.model.changed}>
        {() => (
          <>
            <div className="e2e-DatasetTab-head">
              <ServiceHead
                model={this.model}
                actions={this.actions}
                trans={this.trans}
              />
            </div>
            <div
              className="e2e-DatasetTab-other"
              role="tabpanel"
              tabIndex={0}
              aria-label={viewName(this.model.state.view, this.trans)}
            >
              {this.view()}
            </div>
          </>
        )}
      </UseSignal>
    );
  }

  private view(): React.ReactElement {
    const { model, onOpen, trans } = this;
    switch (model.state.view) {
      case 'try':
        return <TryIt {...{ model, onOpen, trans }} />;
      case 'requests':
        return <Requests {...{ model, onOpen, trans }} />;
      case 'code':
        return <Code {...{ model, trans }} />;
      case 'log':
        return <ServiceLog {...{ model, trans }} />;
    }
  }
}
