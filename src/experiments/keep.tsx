import { ReactWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { agreed } from '../components/question';
import { IFit, IScalar } from '../types';
import { figure } from './words';

/** What a person says of a model before it is kept. */
export interface IKept {
  name: string;
  X: string;
  y: string;
  metrics: readonly string[];
}

/** The line that keeps a model as it was said. */
export function keepLine(fit: IFit, said: IKept): string {
  return [
    `%e2e keep ${word(said.name)} --model ${fit.name}`,
    said.X && `--X ${said.X}`,
    said.y && `--y ${said.y}`,
    ...said.metrics.map(name => `${name}=${name}`)
  ]
    .filter(Boolean)
    .join(' ');
}

/** A name as a line of the magic takes it. */
export function word(name: string): string {
  const clean = name.trim().replace(/["\\\n]/g, '') || 'run';
  return /^[\w.-]+$/.test(clean) && !clean.startsWith('-')
    ? clean
    : `"${clean}"`;
}

/** Ask what goes with a model; the line that keeps it, null where it is not wanted. */
export async function askForKeep(
  fit: IFit,
  scalars: readonly IScalar[],
  trans: TranslationBundle
): Promise<string | null> {
  const body = new Questions(fit, scalars, trans);
  const yes = await agreed(
    trans.__('Keep %1', fit.name),
    body,
    trans.__('Keep')
  );
  return yes ? keepLine(fit, body.said) : null;
}

class Questions extends ReactWidget {
  said: IKept;

  constructor(
    private readonly fitted: IFit,
    private readonly scalars: readonly IScalar[],
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('e2e-Questions');
    this.said = {
      name: fitted.suggested,
      X: fitted.X[0] ?? '',
      y: fitted.y[0] ?? '',
      metrics: scalars.filter(({ likely }) => likely).map(({ name }) => name)
    };
  }

  protected render(): React.ReactElement {
    return (
      <Form
        {...this.said}
        fit={this.fitted}
        scalars={this.scalars}
        trans={this.trans}
        onSay={said => (this.said = said)}
      />
    );
  }
}

/** The questions of the dialog. */
export function Form(
  props: IKept & {
    fit: IFit;
    scalars: readonly IScalar[];
    trans: TranslationBundle;
    onSay: (said: IKept) => void;
  }
): React.ReactElement {
  const { fit, scalars, trans, name, X, y, metrics } = props;
  const [said, setSaid] = React.useState<IKept>({ name, X, y, metrics });
  const say = (change: Partial<IKept>) => {
    const now = { ...said, ...change };
    setSaid(now);
    props.onSay(now);
  };
  const toggle = (metric: string, on: boolean) =>
    say({
      metrics: scalars
        .map(({ name }) => name)
        .filter(one => (one === metric ? on : said.metrics.includes(one)))
    });
  return (
    <>
      <label>
        {trans.__('Name of the run')}
        <input
          className="jp-mod-styled"
          type="text"
          defaultValue={name}
          onChange={event => say({ name: event.target.value })}
        />
      </label>
      <Choice
        label={trans.__('X, the table it was fitted on')}
        none={trans.__('none: it can be loaded, not served')}
        options={fit.X}
        value={said.X}
        onChange={X => say({ X })}
      />
      <Choice
        label={trans.__('y, what it learned to predict')}
        none={trans.__('none')}
        options={fit.y}
        value={said.y}
        onChange={y => say({ y })}
      />
      {scalars.length > 0 && (
        <fieldset className="e2e-Questions-metrics">
          <legend>{trans.__('Metrics')}</legend>
          {scalars.map(scalar => (
            <label key={scalar.name} className="e2e-Questions-choice">
              <input
                type="checkbox"
                checked={said.metrics.includes(scalar.name)}
                onChange={event => toggle(scalar.name, event.target.checked)}
              />
              {scalar.name}
              <span className="e2e-mod-secondary">{figure(scalar.value)}</span>
            </label>
          ))}
        </fieldset>
      )}
      <p className="e2e-Questions-line">
        <code>{keepLine(fit, said)}</code>
      </p>
    </>
  );
}

function Choice(props: {
  label: string;
  none: string;
  options: readonly string[];
  value: string;
  onChange: (value: string) => void;
}): React.ReactElement {
  const { label, none, options, value, onChange } = props;
  return (
    <label>
      {label}
      <HTMLSelect
        value={value}
        aria-label={label}
        onChange={event => onChange(event.target.value)}
      >
        {options.map(option => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
        <option value="">{none}</option>
      </HTMLSelect>
    </label>
  );
}
