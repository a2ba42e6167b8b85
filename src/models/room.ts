import { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { Api } from '../api';
import { FlowModel } from '../flow/model';
import { Jobs } from '../jobs';
import { Kernels } from '../kernel/model';
import { ServiceTabs } from '../service/tabs';
import { Watch } from '../watch';
import { ModelActions } from './actions';
import { ModelCommandIDs, addModelCommands } from './commands';
import { ModelsModel } from './model';
import { NextStep, nextStep } from './next';
import { ModelsPanel } from './panel';

/** What models and services stand on. */
export interface IModelsRoomParts {
  app: JupyterFrontEnd;
  palette: ICommandPalette | null;
  restorer: ILayoutRestorer | null;
  api: Api;
  watch: Watch;
  flow: FlowModel;
  kernels: Kernels;
  jobs: Jobs;
  /** Show a version of a dataset of the project around a folder. */
  openDataset: (folder: string, ref: string) => void;
  trans: TranslationBundle;
}

/** The panel of models and services with its commands, and the tabs of services. */
export class ModelsRoom {
  readonly panel: ModelsPanel;

  constructor(private readonly parts: IModelsRoomParts) {
    const { app, api, flow, kernels, jobs, palette, restorer, trans, watch } =
      parts;
    this._model = new ModelsModel(api, watch, jobs);
    this._actions = new ModelActions(api, watch, kernels, jobs, trans);
    const canChange = () => flow.state.status?.writable ?? false;
    const folder = () => watch.state.folder;
    this._tabs = new ServiceTabs(app.shell, {
      ...{ api, watch, trans, openDataset: parts.openDataset },
      actions: {
        canChange,
        serve: (folder, ref, instead) =>
          void this._actions.serve(folder, ref, instead),
        stop: (folder, name) => this._actions.stop(folder, name)
      }
    });
    this.panel = new ModelsPanel(
      this._model,
      {
        canChange,
        step: step => this.step(step),
        open: name => this.open(name),
        cancel: job => void this._actions.cancel(folder(), job),
        showLog: job => void this._actions.showLog(folder(), job),
        candidate: () => this.candidate(),
        register: run => void this._actions.register(folder(), run)
      },
      trans
    );
    addModelCommands({
      ...{ app, palette, canChange, trans },
      ...{ model: this._model, actions: this._actions },
      open: (name, folder) => this.open(name, folder),
      step: () => this.step(nextStep(this._model.state))
    });
    flow.changed.connect(() => this.panel.update());
    void restorer?.restore(this._tabs.tracker, {
      command: ModelCommandIDs.open,
      args: ({ content: { model } }) => ({ ...model.at }),
      name: ({ content: { model } }) => `${model.at.folder}:${model.at.name}`
    });
  }

  /** Show a service of the project that is looked at, or of another. */
  open(name: string, folder = this.project()): void {
    this._tabs.open(folder, name);
  }

  private step(step: NextStep | null): void {
    const { folder } = this.parts.watch.state;
    switch (step?.do) {
      case 'package':
        void this._actions.package(folder, step.ref);
        break;
      case 'serve':
        void this._actions.serve(folder, step.ref, step.instead);
        break;
      case 'try':
        this.open(step.name);
        break;
      case 'stop':
        void this._actions.stop(folder, step.name);
        break;
    }
  }

  /** The run whose model the project's next step is to register. */
  private candidate(): string | null {
    const { status } = this.parts.flow.state;
    const room = status?.rooms.find(({ name }) => name === 'Models');
    const line = /^e2e register ('?)(.+)\1 --as NAME$/.exec(room?.next ?? '');
    return line?.[2] ?? null;
  }

  /** The folder of the project that is looked at, as far as it is known. */
  private project(): string {
    const { flow, watch } = this.parts;
    return flow.projectAround(watch.state.folder);
  }

  private readonly _model: ModelsModel;
  private readonly _actions: ModelActions;
  private readonly _tabs: ServiceTabs;
}
