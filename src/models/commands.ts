import { JupyterFrontEnd } from '@jupyterlab/application';
import { Clipboard, ICommandPalette } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { IRegisteredVersion, IServiceEntry } from '../types';
import { ModelActions } from './actions';
import { ModelsModel } from './model';
import { nextStep } from './next';

/** The rows of the panel, for the context menu. */
const ROWS = '#e2e-lab-models .e2e-Windowed';

export const ModelCommandIDs = {
  next: 'e2e-lab:next-of-models',
  open: 'e2e-lab:open-service',
  package: 'e2e-lab:package-model',
  serve: 'e2e-lab:serve-model',
  stop: 'e2e-lab:stop-service',
  setAlias: 'e2e-lab:set-alias',
  removeAlias: 'e2e-lab:remove-alias',
  copyRef: 'e2e-lab:copy-model',
  copyUrl: 'e2e-lab:copy-service-address'
} as const;

/** What the commands work with. */
export interface IModelParts {
  app: JupyterFrontEnd;
  palette: ICommandPalette | null;
  model: ModelsModel;
  actions: ModelActions;
  canChange: () => boolean;
  /** Show a service of the project that is looked at. */
  open: (name: string, folder?: string) => void;
  step: () => void;
  trans: TranslationBundle;
}

/** Make all that the panel does a command: in the menu of a version or service, and some in the palette. */
export function addModelCommands(parts: IModelParts): void {
  const { app, palette, model, actions, canChange, trans } = parts;
  const folder = () => model.watch.state.folder;
  const version = (fits: (version: IRegisteredVersion) => boolean) => () =>
    [model.selectedVersion].find(one => one && fits(one)) ?? null;
  const service = (fits: (service: IServiceEntry) => boolean) => () =>
    [selectedService(model)].find(one => one && fits(one)) ?? null;
  const add = <T>(
    id: string,
    label: string,
    target: () => T | null,
    execute: (target: T) => unknown
  ) =>
    app.commands.addCommand(id, {
      label,
      isVisible: () => target() !== null,
      isEnabled: () => target() !== null,
      execute: () => {
        const found = target();
        return found === null ? null : execute(found);
      }
    });
  app.commands.addCommand(ModelCommandIDs.next, {
    label: trans.__('Next step of models and services'),
    caption: trans.__('Package, serve or try the newest model'),
    isEnabled: () => canChange() && nextStep(model.state) !== null,
    execute: () => parts.step()
  });
  app.commands.addCommand(ModelCommandIDs.open, {
    label: trans.__('Open the service'),
    isVisible: args =>
      typeof args.name === 'string' || selectedService(model) !== null,
    execute: args => {
      const name = args.name ?? selectedService(model)?.name;
      if (typeof name === 'string') {
        parts.open(name, args.folder as string | undefined);
      }
    }
  });
  add(
    ModelCommandIDs.package,
    trans.__('Package'),
    version(one => canChange() && one.package === null),
    ({ ref }) => actions.package(folder(), ref)
  );
  add(
    ModelCommandIDs.serve,
    trans.__('Serve'),
    () => (canChange() ? servable(model) : null),
    ({ ref, instead }) => actions.serve(folder(), ref, instead)
  );
  add(
    ModelCommandIDs.stop,
    trans.__('Stop'),
    service(({ state }) => canChange() && state !== 'stopped'),
    ({ name }) => actions.stop(folder(), name)
  );
  add(
    ModelCommandIDs.setAlias,
    trans.__('Set an alias…'),
    version(canChange),
    one => actions.setAlias(folder(), one)
  );
  add(
    ModelCommandIDs.removeAlias,
    trans.__('Remove an alias'),
    version(({ aliases }) => canChange() && aliases.length > 0),
    one => actions.removeAlias(folder(), one)
  );
  add(
    ModelCommandIDs.copyRef,
    trans.__('Copy the line that serves it'),
    version(() => true),
    ({ ref }) => Clipboard.copyToSystem(`%e2e serve ${ref}`)
  );
  add(
    ModelCommandIDs.copyUrl,
    trans.__('Copy the address'),
    service(({ url }) => url !== null),
    ({ url }) => Clipboard.copyToSystem(url ?? '')
  );
  const { next, ...rest } = ModelCommandIDs;
  Object.values(rest).forEach((command, rank) =>
    app.contextMenu.addItem({ command, rank, selector: ROWS })
  );
  palette?.addItem({ command: next, category: 'e2e-lab' });
}

/** The service that is selected, or that the selected version is packaged as. */
function selectedService(model: ModelsModel): IServiceEntry | null {
  const version = model.selectedVersion;
  return model.selectedService ?? model.serviceOf(version?.package ?? null);
}

/** What of the selected can be served, and in the place of what. */
function servable(
  model: ModelsModel
): { ref: string; instead: string | null } | null {
  const step = model.state.selected ? nextStep(model.state) : null;
  return step?.do === 'serve' ? step : null;
}
