import { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { IApi } from '../api';
import { FlowModel } from '../flow/model';
import { addTab, mainTab, showTab } from '../maintab';
import { IRunEntry } from '../types';
import { Watch } from '../watch';
import { RunActions } from './actions';
import { IDrawing } from './chart';
import { RunTab } from './runtab';
import { IRunTableState, RunTable } from './table';

/** The open tabs of runs: one table a project, and one a run or comparison. */
export class RunTabs {
  readonly tables = new WidgetTracker<MainAreaWidget<RunTable>>({
    namespace: 'e2e-lab-runs'
  });
  readonly runs = new WidgetTracker<MainAreaWidget<RunTab>>({
    namespace: 'e2e-lab-run'
  });

  constructor(
    private readonly shell: JupyterFrontEnd.IShell,
    private readonly parts: {
      api: IApi;
      watch: Watch;
      flow: FlowModel;
      actions: RunActions;
      drawing: IDrawing;
      trans: TranslationBundle;
      /** Show a run in MLflow's own pages. */
      onMlflow: (folder: string, run: string) => void;
      /** Show a version of a dataset. */
      onData: (folder: string, ref: string) => void;
    }
  ) {}

  /** The folder of the project that is looked at. */
  get folder(): string {
    return this.parts.flow.projectAround(this.parts.watch.state.folder);
  }

  /** Show all runs of a project. */
  openTable(
    folder = this.folder,
    state: Partial<IRunTableState> = {}
  ): RunTable {
    const found = this.tables.find(({ content }) => content.folder === folder);
    if (found) {
      showTab(this.shell, found);
      return found.content;
    }
    const { actions, api, drawing, flow, trans, watch } = this.parts;
    const content = new RunTable(
      folder,
      {
        ...{ api, watch, trans },
        themes: drawing.themes,
        canRegister: run =>
          (flow.state.status?.writable ?? false) && actions.canRegister(run),
        onRegister: run => void actions.register(folder, run),
        onOpen: run => this.open(folder, [run.id], widget.id),
        onCompare: ids => this.open(folder, ids, widget.id)
      },
      state
    );
    content.title.label = trans.__('Experiments');
    const widget = this.add(content, `e2e-lab-runs-${++this._opened}`);
    content.stateChanged.connect(() => void this.tables.save(widget));
    void this.tables.add(widget);
    return content;
  }

  /** Show a run, or compare several, beside the tab that is named. */
  open(folder: string, ids: readonly string[], beside?: string): void {
    const same = ids.join();
    const found = this.runs.find(
      ({ content }) => content.folder === folder && content.ids.join() === same
    );
    if (found) {
      showTab(this.shell, found);
      return;
    }
    const { actions, api, drawing, flow, trans, watch } = this.parts;
    const content = new RunTab(folder, ids, {
      ...{ api, watch, drawing, trans },
      canChange: () => flow.state.status?.writable ?? false,
      onRegister: ({ run }) => void actions.register(folder, run),
      onMlflow: run => this.parts.onMlflow(folder, run),
      onOpen: id => this.open(folder, [id]),
      onData: ref => this.parts.onData(folder, ref)
    });
    const id = `e2e-lab-run-${++this._opened}`;
    void this.runs.add(this.add(content, id, this.place(beside)));
  }

  /** Compare a run with another that is chosen in the table. */
  compareFrom(run: IRunEntry): void {
    this.openTable().choose(run);
  }

  /** Beside a tab where it fills the width, else among the others. */
  private place(beside?: string): object {
    const lab = this.shell as unknown as Partial<ILabShell>;
    const open = this.runs.find(({ isVisible }) => isVisible);
    if (open) {
      return { ref: open.id, mode: 'tab-after' };
    }
    return beside && lab.mode === 'multiple-document'
      ? { ref: beside, mode: 'split-right' }
      : {};
  }

  private add<T extends Widget>(
    content: T,
    id: string,
    place: object = {}
  ): MainAreaWidget<T> {
    const widget = mainTab(content, id);
    addTab(this.shell, widget, place);
    return widget;
  }

  private _opened = 0;
}
