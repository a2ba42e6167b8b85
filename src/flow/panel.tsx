import { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import { ISignal, Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { Section } from '../components/section';
import { Welcome } from '../components/welcome';
import { IWorkspace, Kernels } from '../kernel/model';
import { IRoom } from '../types';
import { IWatchState } from '../watch';
import { Chart } from './chart';
import { FlowModel, IFlowState } from './model';
import { workspaceRoom } from './workspace';

/** What the panel can have done. */
export interface IFlowActions {
  openData: () => void;
  openNotebook: () => void;
  openChanges?: () => void;
  openExperiments?: () => void;
  openModels?: () => void;
}

/** The section **Flow** of the sidebar: the workflow as a chart, live. */
export class FlowPanel extends Section {
  constructor(
    private readonly model: FlowModel,
    private readonly kernels: Kernels,
    private readonly actions: IFlowActions,
    private readonly trans: TranslationBundle
  ) {
    super('e2e-lab-flow', trans.__('Flow'), 'e2e-FlowPanel');
    model.changed.connect(this.change, this);
    kernels.changed.connect(this.change, this);
  }

  dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  /** What it shows is on the page. */
  get drawn(): ISignal<this, void> {
    return this._drawn;
  }

  protected seen(visible: boolean): void {
    this.model.seen(this, visible);
  }

  protected onResize(msg: Widget.ResizeMessage): void {
    super.onResize(msg);
    this._drawn.emit();
  }

  protected render(): React.ReactElement {
    return (
      <UseSignal signal={this._changed}>
        {() => (
          <Flow
            state={{ ...this.model.watch.state, ...this.model.state }}
            workspace={this.kernels.workspace ?? null}
            actions={this.actions}
            trans={this.trans}
            onCreate={() => void this.model.createProject()}
            onDrawn={() => this._drawn.emit()}
          />
        )}
      </UseSignal>
    );
  }

  private change(): void {
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _drawn = new Signal<this, void>(this);
}

/** What the section shows for a state. */
export function Flow(props: {
  state: IFlowState & IWatchState;
  workspace: IWorkspace | null;
  actions: IFlowActions;
  trans: TranslationBundle;
  onCreate: () => void;
  onDrawn: () => void;
}): React.ReactElement | null {
  const { state, workspace, actions, trans, onCreate, onDrawn } = props;
  React.useEffect(() => onDrawn());
  if (state.phase === 'outside') {
    return <Welcome {...state} trans={trans} onCreate={onCreate} />;
  }
  if (!state.status) {
    return null;
  }
  const rooms: IRoom[] = [
    ...(state.status.writable
      ? state.status.rooms
      : state.status.rooms.map(room => ({ ...room, next: null }))),
    workspaceRoom(workspace, trans)
  ];
  return (
    <Chart
      rooms={rooms}
      next={state.status.next}
      onOpen={{
        Data: actions.openData,
        Versions: actions.openChanges,
        Experiments: actions.openExperiments,
        Models: actions.openModels,
        Service: actions.openModels,
        Workspace: workspace ? actions.openNotebook : undefined
      }}
      trans={trans}
    />
  );
}
