import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import * as React from 'react';

import { Problem } from '../components/problem';
import { Room } from '../components/room';
import { size } from '../components/size';
import { Welcome } from '../components/welcome';
import { IStatus } from '../types';
import { FlowModel, IFlowState } from './model';

/** The section **Flow** of the sidebar. It looks at the project only while it can be seen. */
export class FlowPanel extends ReactWidget {
  constructor(
    private readonly model: FlowModel,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('e2e-FlowPanel');
    this.id = 'e2e-lab-flow';
    this.title.label = trans.__('Flow');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Flow'));
  }

  protected render(): React.ReactElement {
    return (
      <UseSignal signal={this.model.changed}>
        {() => (
          <Flow
            state={this.model.state}
            trans={this.trans}
            onCreate={() => void this.model.createProject()}
          />
        )}
      </UseSignal>
    );
  }

  protected onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this.followVisibility();
  }

  protected onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this.followVisibility();
  }

  protected onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this.followVisibility();
  }

  protected onBeforeDetach(msg: Message): void {
    this.model.hide();
    super.onBeforeDetach(msg);
  }

  private followVisibility(): void {
    if (this.isVisible) {
      this.model.show();
    } else {
      this.model.hide();
    }
  }
}

/** What the section shows for a state. */
export function Flow(props: {
  state: IFlowState;
  trans: TranslationBundle;
  onCreate: () => void;
}): React.ReactElement {
  const { state, trans, onCreate } = props;
  return (
    <>
      {state.problem && <Problem problem={state.problem} />}
      {state.phase === 'welcome' && (
        <Welcome {...state} trans={trans} onCreate={onCreate} />
      )}
      {state.status && <Project status={state.status} trans={trans} />}
    </>
  );
}

function Project(props: {
  status: IStatus;
  trans: TranslationBundle;
}): React.ReactElement {
  const { status, trans } = props;
  const next = status.rooms.find(
    room => room.next && room.next === status.next
  );
  return (
    <>
      <div className="e2e-Flow-title">
        <span className="e2e-Flow-project" title={status.path}>
          {status.project}
        </span>
        {status.branch && (
          <span
            className="e2e-Flow-branch e2e-mod-secondary"
            title={trans.__('On branch %1', status.branch)}
          >
            {' '}
            · {status.branch}
          </span>
        )}
        <span
          className="e2e-Flow-disk e2e-mod-secondary"
          title={trans.__('%1 bytes stored', status.disk.toLocaleString('en'))}
        >
          {size(status.disk)}
        </span>
      </div>
      <ul className="e2e-Flow-rooms" aria-label={trans.__('Rooms')}>
        {status.rooms.map(room => (
          <Room
            key={room.name}
            room={room}
            isNext={room === next}
            trans={trans}
          />
        ))}
      </ul>
    </>
  );
}
