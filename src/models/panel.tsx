import { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Done } from '../components/done';
import { Problem } from '../components/problem';
import { PartSection } from '../components/section';
import { Sign } from '../components/sign';
import { count } from '../components/words';
import { isOver } from '../jobs';
import { IJob, IPackage } from '../types';
import { ModelsModel } from './model';
import { NextStep, nextStep } from './next';
import { Rows, ServiceRow, VersionRow } from './rows';

/** What the panel can have done. */
export interface IModelsActions {
  /** Whether the project can be written to. */
  canChange: () => boolean;
  step: (step: NextStep) => void;
  open: (service: string) => void;
  cancel: (job: IJob) => void;
  showLog: (job: IJob) => void;
  /** The run whose model can be registered; null where there is none. */
  candidate: () => string | null;
  register: (run: string) => void;
}

interface IShown {
  model: ModelsModel;
  actions: IModelsActions;
  trans: TranslationBundle;
}

/** The section **Models & services** of the sidebar. */
export class ModelsPanel extends PartSection<ModelsModel> {
  constructor(
    model: ModelsModel,
    private readonly actions: IModelsActions,
    private readonly trans: TranslationBundle
  ) {
    super(
      model,
      'e2e-lab-models',
      trans.__('Models & services'),
      'e2e-DataPanel'
    );
  }

  protected shown(): React.ReactElement {
    const { model, actions, trans } = this;
    return <Models {...{ model, actions, trans }} />;
  }
}

/** What the section shows. */
export function Models(props: IShown): React.ReactElement | null {
  const { model, actions, trans } = props;
  const { versions, services, selected, job, packaged } = model.state;
  if (model.watch.state.phase === 'outside') {
    return (
      <p className="e2e-Hint">
        {trans.__('Models are kept in a project; this folder is in none yet.')}
      </p>
    );
  }
  if (!versions) {
    return model.watch.state.problem ? null : (
      <p className="e2e-Hint" aria-busy="true">
        {trans.__('Looking for models…')}
      </p>
    );
  }
  if (versions.length === 0 && services.length === 0) {
    return <Nothing {...props} />;
  }
  return (
    <>
      {services.length > 0 && (
        <Rows
          title={trans.__('Services')}
          items={services}
          selected={selected}
          render={service => <ServiceRow service={service} trans={trans} />}
          onSelect={service => (model.selected = `service ${service.name}`)}
          onOpen={service => actions.open(service.name)}
        />
      )}
      {packaged && (
        <Packaged
          packaged={packaged}
          trans={trans}
          onDismiss={() => model.dismiss()}
        />
      )}
      <Now {...props} />
      {versions.length > 0 && (
        <Rows
          title={trans.__('Models')}
          items={versions}
          selected={selected}
          render={version => (
            <VersionRow
              version={version}
              packaging={packages(job, version.ref)}
              trans={trans}
            />
          )}
          onSelect={version => (model.selected = `model ${version.ref}`)}
          onOpen={() => undefined}
        />
      )}
    </>
  );
}

function packages(job: IJob | null, ref: string): boolean {
  return job !== null && !isOver(job) && job.title === `package ${ref}`;
}

function Nothing(props: IShown): React.ReactElement {
  const { actions, trans } = props;
  const run = actions.candidate();
  return (
    <section className="e2e-Section">
      <p className="e2e-Hint">
        {trans.__(
          'No models yet. A run’s model gets a name and a version, then it can be packaged and served:'
        )}{' '}
        <code>%e2e register {run ?? 'RUN'} --as NAME</code>
      </p>
      {run && actions.canChange() && (
        <Button
          className="jp-mod-styled jp-mod-accept e2e-Section-button"
          title={trans.__('Give the model of the run %1 a name', run)}
          onClick={() => actions.register(run)}
        >
          {trans.__('Register %1…', run)}
        </Button>
      )}
    </section>
  );
}

/** What goes on, what went wrong, or the one thing to do next. */
function Now(props: IShown): React.ReactElement | null {
  const { model, actions, trans } = props;
  const { job } = model.state;
  if (job && !isOver(job)) {
    return <Working {...props} job={job} />;
  }
  const { failure } = model;
  const step = nextStep(model.state);
  return (
    <>
      {job && failure && (
        <div className="e2e-Failed">
          <Problem problem={failure} trans={trans} />
          <Links>
            <Link
              label={trans.__('Log')}
              onClick={() => actions.showLog(job)}
            />
            <Link label={trans.__('Dismiss')} onClick={() => model.dismiss()} />
          </Links>
        </div>
      )}
      {step && (step.do === 'try' || actions.canChange()) && (
        <Button
          className="jp-mod-styled jp-mod-accept e2e-Section-button e2e-Next"
          title={stepCaption(step, trans)}
          onClick={() => actions.step(step)}
        >
          <span className="e2e-mod-cut">{stepLabel(step, trans)}</span>
        </Button>
      )}
    </>
  );
}

function Working(props: IShown & { job: IJob }): React.ReactElement {
  const { actions, job, trans } = props;
  return (
    <div className="e2e-Working" role="status">
      <div className="e2e-Dataset-line">
        <Sign state="running" word={trans.__('running')} trans={trans} />
        <span className="e2e-mod-cut" title={job.title}>
          {job.title}
        </span>
      </div>
      <div className="e2e-mod-secondary e2e-mod-cut" title={job.said}>
        {job.said || trans.__('beginning')} …
      </div>
      <Links>
        <Link label={trans.__('Cancel')} onClick={() => actions.cancel(job)} />
        <Link label={trans.__('Log')} onClick={() => actions.showLog(job)} />
      </Links>
    </div>
  );
}

function Links(props: { children: React.ReactNode }): React.ReactElement {
  return <div className="e2e-Links">{props.children}</div>;
}

function Link(props: {
  label: string;
  onClick: () => void;
}): React.ReactElement {
  return (
    <button type="button" className="e2e-Link" onClick={props.onClick}>
      {props.label}
    </button>
  );
}

/** What was packaged, and how it answered the stored rows. */
function Packaged(props: {
  packaged: IPackage;
  trans: TranslationBundle;
  onDismiss: () => void;
}): React.ReactElement {
  const { packaged, trans } = props;
  const ref = `${packaged.service}@v${packaged.version}`;
  return (
    <Done
      name={ref}
      word={packaged.changed ? trans.__('packaged') : trans.__('unchanged')}
      onDismiss={props.onDismiss}
      trans={trans}
    >
      <div className="e2e-mod-secondary">{replayed(packaged, trans)}</div>
    </Done>
  );
}

/** How the built service answered the rows that were kept with the model. */
export function replayed(
  { replay }: IPackage,
  trans: TranslationBundle
): string {
  return replay.different === 0
    ? trans.__('%1 stored rows answered equal to the model', count(replay.rows))
    : trans.__(
        '%1 of %2 stored rows answered differently',
        count(replay.different),
        count(replay.rows)
      );
}

function stepLabel(step: NextStep, trans: TranslationBundle): string {
  switch (step.do) {
    case 'package':
      return trans.__('Package %1', step.ref);
    case 'serve':
      return trans.__('Serve %1', step.ref);
    case 'try':
      return trans.__('Try %1', step.name);
    case 'stop':
      return trans.__('Stop %1', step.name);
  }
}

function stepCaption(step: NextStep, trans: TranslationBundle): string {
  switch (step.do) {
    case 'package':
      return trans.__(
        'Build a service of the model, and accept it only if it answers the stored rows as the model does'
      );
    case 'serve':
      return step.instead
        ? trans.__('Serve it on this machine in the place of %1', step.instead)
        : trans.__('Serve it on this machine, for who has its token');
    case 'try':
      return trans.__('Ask the service with a real row');
    case 'stop':
      return trans.__('Its process does not answer: end it');
  }
}
