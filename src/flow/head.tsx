import { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect, UseSignal } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import { Api, ApiError } from '../api';
import { Copyable } from '../components/copyable';
import { Name } from '../components/name';
import { Problem } from '../components/problem';
import { SeenWidget } from '../components/seen';
import { size } from '../components/size';
import { count } from '../components/words';
import { IWorkspace, Kernels } from '../kernel/model';
import { IProjectEntry, IStatus } from '../types';
import { VERSION } from '../version';
import { IWatchState } from '../watch';
import { FlowModel } from './model';

/** The head of the sidebar: which project, on which branch, and what is wrong as a whole. */
export class Head extends SeenWidget {
  constructor(
    private readonly model: FlowModel,
    private readonly kernels: Kernels,
    private readonly api: Pick<Api, 'projects'>,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('e2e-Head');
    model.changed.connect(this.change, this);
    kernels.changed.connect(this.change, this);
    model.created.connect(() => void this.look());
  }

  dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected seen(visible: boolean): void {
    this.model.seen(this, visible);
    if (visible) {
      void this.look();
    }
  }

  protected render(): React.ReactElement {
    const { model, trans } = this;
    return (
      <UseSignal signal={this._changed}>
        {() => (
          <>
            <Where
              status={model.state.status}
              {...model.watch.state}
              projects={this._projects}
              trans={trans}
              onSwitch={path => (model.watch.folder = path)}
            />
            <Notices
              problem={model.watch.state.problem}
              status={model.state.status}
              workspace={this.kernels.workspace ?? null}
              trans={trans}
              onRetry={() => void model.watch.refresh()}
            />
          </>
        )}
      </UseSignal>
    );
  }

  private async look(): Promise<void> {
    try {
      this._projects = (await this.api.projects()).items;
      this.change();
    } catch (reason) {
      console.debug('e2e-lab: the projects are not known', reason); // the watch tells of it
    }
  }

  private change(): void {
    this._changed.emit();
  }

  private _projects: readonly IProjectEntry[] = [];
  private readonly _changed = new Signal<this, void>(this);
}

/** The project and its branch, and a way to another where there are several. */
export function Where(props: {
  status: IStatus | null;
  phase: IWatchState['phase'];
  folder: string;
  projects: readonly IProjectEntry[];
  trans: TranslationBundle;
  onSwitch: (path: string) => void;
}): React.ReactElement | null {
  const { status, projects, trans } = props;
  const here = status ? (status.folder ?? '') : null;
  const others = projects.filter(project => project.path !== here);
  if (!status && (others.length === 0 || props.phase !== 'outside')) {
    return null;
  }
  return (
    <div className="e2e-Head-line">
      {others.length > 0 ? (
        <HTMLSelect
          className="e2e-Head-switch"
          aria-label={trans.__('Project')}
          title={status?.path ?? trans.__('Show another project')}
          value={here ?? NONE}
          onChange={event => props.onSwitch(event.target.value)}
        >
          {here === null && (
            <option value={NONE} disabled>
              {trans.__('No project in %1', props.folder || '/')}
            </option>
          )}
          {status && here !== null && (
            <option value={here}>{status.project}</option>
          )}
          {others.map(({ path, name }) => (
            <option key={path} value={path}>
              {name === path ? name : `${name} (${path || '/'})`}
            </option>
          ))}
        </HTMLSelect>
      ) : (
        status && (
          <span className="e2e-Head-project">
            <Name text={status.project} title={status.path} />
          </span>
        )
      )}
      {status && <Facts status={status} trans={trans} />}
    </div>
  );
}

/** No folder under the server's root is called so. */
const NONE = '\0';

function Facts(props: {
  status: IStatus;
  trans: TranslationBundle;
}): React.ReactElement {
  const { status, trans } = props;
  const branch = status.branch ?? (status.git ? null : trans.__('no git'));
  return (
    <>
      {branch && (
        <span
          className="e2e-Head-branch e2e-mod-secondary"
          title={
            status.branch
              ? trans.__('On branch %1', status.branch)
              : trans.__('This project is in no git repository')
          }
        >
          <span aria-hidden="true">· </span>
          <Name text={branch} title="" />
        </span>
      )}
      <span
        className="e2e-Head-disk e2e-mod-secondary"
        title={trans.__('%1 bytes stored', count(status.disk))}
      >
        {size(status.disk)}
      </span>
    </>
  );
}

/** What is wrong with the whole, each with the line to type. */
export function Notices(props: {
  problem: ApiError | null;
  status: IStatus | null;
  workspace: IWorkspace | null;
  trans: TranslationBundle;
  onRetry?: () => void;
}): React.ReactElement {
  const { problem, status, workspace, trans } = props;
  const hello = workspace?.hello;
  return (
    <>
      {problem && (
        <Problem problem={problem} trans={trans} onRetry={props.onRetry} />
      )}
      {status && status.version !== VERSION && (
        <Notice
          words={trans.__(
            'This page runs e2e-lab %1, the server %2. Reload the page; if that does not help, restart the server after:',
            VERSION,
            status.version
          )}
          line="python -m pip install --upgrade e2e-lab"
          trans={trans}
        />
      )}
      {hello && !hello.match && (
        <Notice
          words={trans.__(
            'The kernel has e2e-lab %1, this page %2. Make them equal and restart the kernel:',
            hello.version,
            VERSION
          )}
          line={`%pip install e2e-lab==${VERSION}`}
          trans={trans}
        />
      )}
      {status && !status.writable && (
        <Notice
          words={trans.__(
            'This project is read-only: it can be looked at and loaded from.'
          )}
          trans={trans}
        />
      )}
      {status && !status.git && (
        <Notice
          words={trans.__(
            'There is no git here, so that code and data cannot be committed together:'
          )}
          line="e2e init"
          trans={trans}
        />
      )}
    </>
  );
}

function Notice(props: {
  words: string;
  line?: string;
  trans: TranslationBundle;
}): React.ReactElement {
  return (
    <div className="e2e-Notice" role="note">
      <div>{props.words}</div>
      {props.line && <Copyable text={props.line} trans={props.trans} />}
    </div>
  );
}
