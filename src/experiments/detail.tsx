import { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Copyable } from '../components/copyable';
import { Name } from '../components/name';
import { Sign } from '../components/sign';
import { ago, count, moment } from '../components/words';
import { IRunDetail, IRunModel } from '../types';
import { Chart, IDrawing } from './chart';
import { overSteps, stepped } from './charts';
import { duration, figure, standing, statusWord } from './words';

/** Charts that are drawn before somebody asks for all. */
const FEW = 4;

/** One run whole: metrics, parameters, data, models, code and environment. */
export function Detail(props: {
  detail: IRunDetail;
  drawing: IDrawing;
  trans: TranslationBundle;
  /** Null where nothing can be written. */
  onRegister: (() => void) | null;
  onMlflow: (() => void) | null;
  onData: (ref: string) => void;
}): React.ReactElement {
  const { detail, drawing, trans, onRegister, onMlflow, onData } = props;
  const { run, curves, kept, notes, missing } = detail;
  const steps = stepped(curves);
  const [all, setAll] = React.useState(false);
  return (
    <>
      <div className="e2e-Tab-title">
        <h2 className="e2e-Compared-run">
          <Sign
            state={standing(run.status)}
            word={statusWord(run.status, trans)}
            trans={trans}
          />
          <Name text={run.name} />
        </h2>
        <span className="e2e-mod-secondary" title={moment(run.start)}>
          {[
            statusWord(run.status, trans),
            ago(run.start, trans),
            run.seconds === null ? '' : duration(run.seconds, trans),
            run.origin.notebook ?? ''
          ]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </div>
      <div className="e2e-Buttons">
        {onRegister && kept.some(isProved) && (
          <Button
            className="jp-mod-styled jp-mod-accept"
            title={trans.__('Give its model a name and a version')}
            onClick={onRegister}
          >
            {trans.__('Register…')}
          </Button>
        )}
        {onMlflow && (
          <Button
            className="jp-mod-styled"
            title={trans.__("Show this run in MLflow's own pages")}
            onClick={onMlflow}
          >
            {trans.__('Open in MLflow')}
          </Button>
        )}
        <Copyable text={`e2e trace ${run.id.slice(0, 12)}`} trans={trans} />
      </div>
      {notes.map(note => (
        <div key={note} className="e2e-Notice" role="note">
          {note}
        </div>
      ))}
      <div className="e2e-Detail-tables">
        <Pairs
          title={trans.__('Metrics')}
          rows={Object.entries(run.metrics).map(([k, v]) => [k, figure(v)])}
        />
        <Pairs
          title={trans.__('Parameters')}
          rows={Object.entries(run.params)}
        />
        <Models models={kept} trans={trans} />
      </div>
      {(all ? steps : steps.slice(0, FEW)).map(metric => (
        <section key={metric} className="e2e-Compared-part">
          <h3>{trans.__('%1 over the steps', metric)}</h3>
          <Chart
            label={trans.__('%1 over the steps', metric)}
            drawing={drawing}
            spec={colours => overSteps(metric, [run], curves, colours)}
          />
        </section>
      ))}
      {steps.length > FEW && !all && (
        <button type="button" className="e2e-Link" onClick={() => setAll(true)}>
          {trans.__('Draw all %1', count(steps.length))}
        </button>
      )}
      {detail.uses.length > 0 && (
        <section className="e2e-Compared-part">
          <h3>{trans.__('Data')}</h3>
          <ul className="e2e-Detail-list">
            {detail.uses.map(({ name, version, role }) => (
              <li key={`${name} ${version} ${role}`}>
                <button
                  type="button"
                  className="e2e-Link"
                  onClick={() => onData(`${name}@v${version}`)}
                >
                  {name}@v{version}
                </button>
                <span className="e2e-mod-secondary">{role}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section className="e2e-Compared-part">
        <h3>{trans.__('Code and environment')}</h3>
        {detail.cell !== null && (
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls
          <pre className="e2e-Diff" tabIndex={0}>
            {detail.cell}
          </pre>
        )}
        <p className="e2e-Hint">
          {[
            detail.cells > 1
              ? trans._n(
                  'after %1 other cell',
                  'after %1 other cells',
                  detail.cells - 1
                )
              : '',
            detail.packages > 0
              ? trans.__('%1 packages recorded', count(detail.packages))
              : '',
            detail.pin
              ? trans.__('code pinned as %1', detail.pin.commit.slice(0, 10))
              : trans.__('no code was pinned'),
            detail.children > 0
              ? trans._n(
                  '%1 run is a part of it',
                  '%1 runs are parts of it',
                  detail.children
                )
              : ''
          ]
            .filter(Boolean)
            .join(' · ')}
        </p>
        {missing.map(said => (
          <p key={said} className="e2e-Hint">
            {said}
          </p>
        ))}
      </section>
    </>
  );
}

function isProved({ proof }: IRunModel): boolean {
  return proof === 'equal' || proof === 'pending';
}

function Pairs(props: {
  title: string;
  rows: readonly (readonly [string, string])[] | string[][];
}): React.ReactElement | null {
  const { title, rows } = props;
  if (rows.length === 0) {
    return null;
  }
  return (
    <table className="e2e-Table">
      <caption>{title}</caption>
      <tbody>
        {rows.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">
              <Name text={name} />
            </th>
            <td title={value}>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Models(props: {
  models: readonly IRunModel[];
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { models, trans } = props;
  const words = ({ proof, registered }: IRunModel) =>
    proof === 'pending'
      ? trans.__('being kept')
      : proof !== 'equal'
        ? proof
        : registered.join(', ') || trans.__('kept, not registered');
  return (
    <Pairs
      title={trans.__('Models')}
      rows={models.map(model => [model.name, words(model)])}
    />
  );
}
