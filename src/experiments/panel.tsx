import { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Name } from '../components/name';
import { PartSection } from '../components/section';
import { Sign } from '../components/sign';
import { Windowed } from '../components/windowed';
import { ago, count, moment } from '../components/words';
import { IFit, IRunEntry } from '../types';
import { ExperimentsModel } from './model';
import { Spark } from './spark';
import { duration, figure, standing, statusWord, telling } from './words';

/** The height of a run in the list, in pixels; `experiments.css` fits two lines into it. */
const HEIGHT = 42;

/** From here on, a box to filter helps. */
const MANY = 12;

/** What the panel can have done. */
export interface IExperimentsActions {
  /** Whether the project can be written to. */
  canKeep: () => boolean;
  keep: (fit: IFit) => void;
  open: (run: IRunEntry) => void;
  openTable: () => void;
}

/** The section **Experiments** of the sidebar. */
export class ExperimentsPanel extends PartSection<ExperimentsModel> {
  constructor(
    model: ExperimentsModel,
    private readonly actions: IExperimentsActions,
    private readonly trans: TranslationBundle
  ) {
    super(
      model,
      'e2e-lab-experiments',
      trans.__('Experiments'),
      'e2e-ExperimentsPanel'
    );
  }

  protected shown(): React.ReactElement {
    const { model, actions, trans } = this;
    return <Experiments {...{ model, actions, trans }} />;
  }
}

interface IProps {
  model: ExperimentsModel;
  actions: IExperimentsActions;
  trans: TranslationBundle;
}

/** What the section shows. */
export function Experiments(props: IProps): React.ReactElement {
  const { model, actions, trans } = props;
  const { runs, total, match } = model.state;
  if (model.watch.state.phase === 'outside') {
    return (
      <p className="e2e-Hint">
        {trans.__('Runs are kept in a project; this folder is in none yet.')}
      </p>
    );
  }
  const fits = model.workspace?.fits ?? [];
  const [here, others] = model.groups;
  return (
    <>
      {fits.length > 0 && <Fits fits={fits} {...props} />}
      {runs === null && !model.watch.state.problem && (
        <p className="e2e-Hint" aria-busy="true">
          {trans.__('Looking for runs…')}
        </p>
      )}
      {runs !== null && total === 0 && match === '' && fits.length === 0 && (
        <p className="e2e-Hint">
          {trans.__(
            'No runs yet. A run keeps what a cell logs, with its code and data. At the top of a cell:'
          )}{' '}
          <code>%%e2e run first</code>
        </p>
      )}
      {(total > MANY || match !== '') && (
        <input
          className="jp-mod-styled e2e-Filter"
          type="search"
          placeholder={trans.__('Filter: ridge, rmse<0.5, depth=6')}
          aria-label={trans.__('Filter runs')}
          value={match}
          onChange={event => (model.match = event.target.value)}
        />
      )}
      {runs !== null && total === 0 && match !== '' && (
        <p className="e2e-Hint" role="status">
          {trans.__('No run fits “%1”.', match)}
        </p>
      )}
      <Group title={trans.__('Runs of this notebook')} runs={here} {...props} />
      <Group
        title={here.length > 0 ? trans.__('Other runs') : trans.__('Runs')}
        runs={others}
        {...props}
      />
      {runs !== null && total > runs.length && (
        <button
          type="button"
          className="e2e-Link"
          onClick={() => actions.openTable()}
        >
          {trans.__('Show all %1 in a table', count(total))}
        </button>
      )}
    </>
  );
}

/** The fitted models of the notebook, those that no run keeps with a button. */
function Fits(props: IProps & { fits: readonly IFit[] }): React.ReactElement {
  const { fits, model, actions, trans } = props;
  const heading = React.useId();
  const first = fits.find(({ run }) => run === null);
  return (
    <section className="e2e-Section" aria-labelledby={heading}>
      <h4 id={heading} className="e2e-Section-title">
        <span>{trans.__('Fitted in this notebook')}</span>
        <Name
          text={model.workspace?.name ?? ''}
          title={model.workspace?.path}
        />
      </h4>
      <ul className="e2e-Frames">
        {fits.map(fit => (
          <li key={fit.name} className="e2e-Frame">
            <div className="e2e-Frame-words">
              <div className="e2e-Frame-name">
                <Name text={fit.name} />
              </div>
              <div className="e2e-mod-secondary e2e-mod-cut">
                {fit.run === null
                  ? trans.__('%1 · not kept yet', fit.kind)
                  : trans.__('%1 · kept as %2', fit.kind, fit.run)}
              </div>
            </div>
            {fit.run === null && actions.canKeep() && (
              <Button
                className={
                  fit === first
                    ? 'jp-mod-styled jp-mod-accept e2e-Frame-button'
                    : 'jp-mod-styled e2e-Frame-button'
                }
                aria-label={trans.__('Keep %1', fit.name)}
                title={trans.__('Make a run of what is in the kernel')}
                onClick={() => actions.keep(fit)}
              >
                {trans.__('Keep')}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Group(
  props: IProps & { title: string; runs: readonly IRunEntry[] }
): React.ReactElement | null {
  const { title, runs, model, actions, trans } = props;
  if (runs.length === 0) {
    return null;
  }
  return (
    <section className="e2e-Section" aria-label={title}>
      <h4 className="e2e-Section-title">
        <span>{title}</span>
        <span className="e2e-Section-count">{count(runs.length)}</span>
      </h4>
      <Windowed
        label={title}
        items={runs}
        height={HEIGHT}
        keyOf={run => run.id}
        selected={model.state.selected}
        render={run => <Row run={run} trans={trans} />}
        onSelect={run => (model.selected = run)}
        onOpen={actions.open}
      />
    </section>
  );
}

function Row(props: {
  run: IRunEntry;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, trans } = props;
  const main = telling(run);
  const going = run.status === 'running';
  const word = statusWord(run.status, trans);
  const facts = [
    run.status === 'finished' ? '' : word,
    going
      ? duration((Date.now() - Date.parse(run.start)) / 1000, trans)
      : ago(run.start, trans),
    ...run.registered,
    ...run.data
  ];
  const whole = [
    `${run.name} · ${word}`,
    moment(run.start),
    ...Object.entries(run.metrics).map(([k, v]) => `${k} ${figure(v)}`),
    ...Object.entries(run.params).map(([k, v]) => `${k} = ${v}`),
    ...run.data
  ];
  return (
    <div className="e2e-Run" title={whole.slice(0, 24).join('\n')}>
      <div className="e2e-Run-line">
        <Sign state={standing(run.status)} word={word} trans={trans} />
        <Name text={run.name} title="" />
        {going && run.live ? (
          <span className="e2e-Run-metric">
            <Spark curve={run.live} />
            {run.live.name}{' '}
            {figure(run.live.values[run.live.values.length - 1])}
          </span>
        ) : (
          main && (
            <span className="e2e-Run-metric">
              {main[0]} {figure(main[1])}
            </span>
          )
        )}
      </div>
      <div className="e2e-Run-facts e2e-mod-secondary e2e-mod-cut">
        {facts.filter(Boolean).join(' · ')}
      </div>
    </div>
  );
}
