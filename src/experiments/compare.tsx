import { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Name } from '../components/name';
import { Sign } from '../components/sign';
import { ago } from '../components/words';
import { IComparedRow, IComparison } from '../types';
import { Chart, IDrawing } from './chart';
import { overSteps, parallel, stepped } from './charts';
import { standing, statusWord } from './words';

/** Several runs beside each other: what differs first, then their metrics as charts. */
export function Compared(props: {
  comparison: IComparison;
  drawing: IDrawing;
  trans: TranslationBundle;
  onOpen: (run: string) => void;
}): React.ReactElement {
  const { comparison, drawing, trans, onOpen } = props;
  const { runs, params, metrics, data, environment, code } = comparison;
  const steps = stepped(comparison.curves);
  const [metric, setMetric] = React.useState<string | null>(null);
  const shown = metric !== null && steps.includes(metric) ? metric : steps[0];
  const same = [...params, ...data].filter(({ differs }) => !differs);
  const differ = params.filter(({ differs }) => differs);
  const axes = differ.length + metrics.length;
  return (
    <>
      <table className="e2e-Table e2e-Compared">
        <thead>
          <tr>
            <td />
            {runs.map(run => (
              <th key={run.id} scope="col">
                <span className="e2e-Compared-run">
                  <Sign
                    state={standing(run.status)}
                    word={statusWord(run.status, trans)}
                    trans={trans}
                  />
                  <button
                    type="button"
                    className="e2e-Link"
                    title={`${run.name}\n${run.id}`}
                    onClick={() => onOpen(run.id)}
                  >
                    <Name text={run.name} title="" />
                  </button>
                </span>
                <span className="e2e-mod-secondary">
                  {ago(run.start, trans)}
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <Part title={trans.__('Metrics')} rows={metrics} wide={runs.length} />
        <Part
          title={trans.__('Parameters that differ')}
          rows={differ}
          wide={runs.length}
        />
        <Part
          title={trans.__('Data that differs')}
          rows={data.filter(({ differs }) => differs)}
          wide={runs.length}
        />
        <Part
          title={trans.__('Packages that differ')}
          rows={environment}
          wide={runs.length}
        />
      </table>
      {same.length > 0 && (
        <p className="e2e-Hint">
          {trans.__(
            'The same in all: %1',
            same.map(({ name, values }) => `${name} ${values[0]}`).join(', ')
          )}
        </p>
      )}
      {shown !== undefined && (
        <section className="e2e-Compared-part">
          <h3>
            {trans.__('Over the steps')}
            {steps.length > 1 ? (
              <HTMLSelect
                value={shown}
                aria-label={trans.__('The metric that is drawn')}
                onChange={event => setMetric(event.target.value)}
              >
                {steps.map(name => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </HTMLSelect>
            ) : (
              <span className="e2e-mod-secondary">{shown}</span>
            )}
          </h3>
          <Chart
            label={trans.__('%1 over the steps of each run', shown)}
            drawing={drawing}
            spec={colours => overSteps(shown, runs, comparison.curves, colours)}
          />
        </section>
      )}
      {axes > 1 && runs.length > 1 && (
        <section className="e2e-Compared-part">
          <h3>{trans.__('Parameters and metrics')}</h3>
          <Chart
            label={trans.__('Parameters and metrics of each run, side by side')}
            drawing={drawing}
            spec={colours => parallel(comparison, colours)}
          />
        </section>
      )}
      {code.length > 0 && (
        <section className="e2e-Compared-part">
          <h3>
            {trans.__(
              'The cell: from %1 to %2',
              runs[0].name,
              runs[runs.length - 1].name
            )}
          </h3>
          <Diff lines={code} trans={trans} />
        </section>
      )}
      {comparison.missing.map(said => (
        <p key={said} className="e2e-Hint">
          {said}
        </p>
      ))}
    </>
  );
}

function Part(props: {
  title: string;
  rows: readonly IComparedRow[];
  wide: number;
}): React.ReactElement | null {
  const { title, rows, wide } = props;
  if (rows.length === 0) {
    return null;
  }
  return (
    <tbody>
      <tr>
        <th scope="rowgroup" colSpan={wide + 1} className="e2e-Compared-title">
          {title}
        </th>
      </tr>
      {rows.map(({ name, values, differs }) => (
        <tr key={name} data-differs={differs}>
          <th scope="row">
            <Name text={name} />
          </th>
          {values.map((value, i) => (
            <td key={i} title={value ?? ''}>
              {value ?? '–'}
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}

/** A unified diff; what was taken away and what came is said by the sign before it, too. */
function Diff(props: {
  lines: readonly string[];
  trans: TranslationBundle;
}): React.ReactElement {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls
    <pre className="e2e-Diff" tabIndex={0}>
      {props.lines.map((line, i) => (
        <span
          key={i}
          data-sign={line.startsWith('@@') ? '@' : line.slice(0, 1)}
        >
          {line.startsWith('@@') ? '⋯' : line}
          {'\n'}
        </span>
      ))}
    </pre>
  );
}
