import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { FlowModel } from './flow/model';

/** Where the project stands, in the status bar, as it was last seen; it asks for nothing by itself. */
export class StatusItem extends ReactWidget {
  constructor(
    private readonly flow: FlowModel,
    private readonly trans: TranslationBundle,
    private readonly onOpen: () => void
  ) {
    super();
    this.addClass('e2e-StatusItem');
  }

  protected render(): React.ReactElement {
    return (
      <UseSignal signal={this.flow.changed}>{() => this.standing()}</UseSignal>
    );
  }

  private standing(): React.ReactElement | null {
    const { flow, trans } = this;
    const { status } = flow.state;
    if (!status) {
      return null;
    }
    const unsaved = status.unsaved.length;
    const said =
      unsaved > 0
        ? trans._n('%1 change', '%1 changes', unsaved)
        : trans.__('all committed');
    return (
      <button
        type="button"
        className="jp-StatusBar-TextItem e2e-StatusItem-button"
        title={trans.__('Show where %1 stands', status.project)}
        onClick={this.onOpen}
      >
        {`${status.project} · ${said}`}
      </button>
    );
  }
}
