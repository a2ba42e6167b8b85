import { JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { launchIcon, listIcon } from '@jupyterlab/ui-components';

import { FlowModel } from '../flow/model';
import { MlflowTabs } from '../mlflow/tabs';
import { IRunEntry } from '../types';
import { RunActions } from './actions';
import { ExperimentsModel } from './model';
import { RunTabs } from './tabs';

/** The runs in the sidebar, for the context menu. */
const RUNS = '#e2e-lab-experiments .e2e-Windowed';

export const RunCommandIDs = {
  table: 'e2e-lab:open-runs',
  open: 'e2e-lab:open-run',
  explain: 'e2e-lab:explain-run',
  compare: 'e2e-lab:compare-run',
  register: 'e2e-lab:register-run',
  mlflow: 'e2e-lab:open-mlflow',
  inMlflow: 'e2e-lab:open-run-in-mlflow'
} as const;

/** What the commands work with. */
export interface IRunParts {
  app: JupyterFrontEnd;
  palette: ICommandPalette | null;
  flow: FlowModel;
  experiments: ExperimentsModel;
  runActions: RunActions;
  runTabs: RunTabs;
  mlflow: MlflowTabs;
  trans: TranslationBundle;
}

/** Make what can be done with runs commands: in the palette, or in the menu of a run. */
export function addRunCommands(parts: IRunParts): void {
  const { app, palette, experiments, flow, mlflow, runTabs, trans } = parts;
  const writable = () => flow.state.status?.writable ?? false;
  app.commands.addCommand(RunCommandIDs.table, {
    label: args =>
      args.isPalette ? trans.__('Show all runs') : trans.__('All runs'),
    caption: trans.__('Show all runs in a table'),
    icon: listIcon,
    execute: ({ folder, ...state }) =>
      void runTabs.openTable(
        typeof folder === 'string' ? folder : undefined,
        'sort' in state ? state : {}
      )
  });
  app.commands.addCommand(RunCommandIDs.mlflow, {
    label: trans.__('Open MLflow UI'),
    caption: trans.__("Show the runs in MLflow's own pages"),
    icon: launchIcon,
    isEnabled: ({ folder }) => typeof folder === 'string' || writable(),
    execute: ({ folder, at }) =>
      mlflow.open(typeof folder === 'string' ? folder : runTabs.folder, {
        at: typeof at === 'string' ? at : undefined
      })
  });
  flow.changed.connect(() =>
    app.commands.notifyCommandChanged(RunCommandIDs.mlflow)
  );
  const args = { isPalette: true };
  for (const command of [RunCommandIDs.table, RunCommandIDs.mlflow]) {
    palette?.addItem({ command, args, category: 'e2e-lab' });
  }

  const add = (
    id: string,
    label: string,
    execute: (run: IRunEntry) => unknown,
    isEnabled: (run: IRunEntry) => boolean = () => true
  ) =>
    app.commands.addCommand(id, {
      label,
      isEnabled: () => {
        const run = experiments.selected;
        return run !== null && isEnabled(run);
      },
      execute: () => {
        const run = experiments.selected;
        return run && execute(run);
      }
    });
  add(RunCommandIDs.open, trans.__('Open'), ({ id }) =>
    runTabs.open(runTabs.folder, [id])
  );
  add(
    RunCommandIDs.explain,
    trans.__('Explain: compare with the run before'),
    run => {
      const before = theRunBefore(experiments, run);
      if (before) {
        runTabs.open(runTabs.folder, [before.id, run.id]);
      }
    },
    run => theRunBefore(experiments, run) !== null
  );
  add(RunCommandIDs.compare, trans.__('Compare with others…'), run =>
    runTabs.compareFrom(run)
  );
  add(
    RunCommandIDs.register,
    trans.__('Register…'),
    run => parts.runActions.register(runTabs.folder, run),
    run => writable() && parts.runActions.canRegister(run)
  );
  add(
    RunCommandIDs.inMlflow,
    trans.__('Open in MLflow'),
    ({ id }) => mlflow.open(runTabs.folder, { run: id }),
    writable
  );
  [
    RunCommandIDs.open,
    RunCommandIDs.explain,
    RunCommandIDs.compare,
    RunCommandIDs.register,
    RunCommandIDs.inMlflow
  ].forEach((command, rank) =>
    app.contextMenu.addItem({ command, rank, selector: RUNS })
  );
}

/** The run that was begun before another one, of its own notebook where there is one. */
export function theRunBefore(
  { state: { runs } }: Pick<ExperimentsModel, 'state'>,
  run: IRunEntry
): IRunEntry | null {
  const earlier = (runs ?? [])
    .filter(({ id, start }) => id !== run.id && start <= run.start)
    .sort((a, b) => b.start.localeCompare(a.start));
  const { notebook } = run.origin;
  const near = earlier.find(({ origin }) => origin.notebook === notebook);
  return near ?? earlier[0] ?? null;
}
