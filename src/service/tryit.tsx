import { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Copyable } from '../components/copyable';
import { Problem } from '../components/problem';
import { Sign } from '../components/sign';
import { milliseconds } from '../models/words';
import { ICompared, IRequestColumn } from '../types';
import { IField, choices, kindOf } from './form';
import { IAnswer, ServiceModel } from './model';
import { Trace } from './trace';

interface IShown {
  model: ServiceModel;
  /** Show a version of a dataset. */
  onOpen: (ref: string) => void;
  trans: TranslationBundle;
}

/** A form with a real row, the answer to it, and what is behind that. */
export function TryIt(props: IShown): React.ReactElement {
  const { model, trans } = props;
  const { form, formProblem, refusal, answer } = model.state;
  if (formProblem) {
    return (
      <Problem
        problem={formProblem}
        onRetry={() => void model.prefill()}
        trans={trans}
      />
    );
  }
  if (!form) {
    return (
      <p className="e2e-Hint" aria-busy="true" role="status">
        {trans.__('Looking…')}
      </p>
    );
  }
  const known = new Set(form.schema.columns.map(({ name }) => name));
  const atFields = (refusal?.errors ?? []).filter(({ column }) =>
    known.has(column ?? '')
  );
  return (
    <>
      <Form {...props} />
      {refusal && atFields.length === 0 && (
        <Problem problem={refusal} trans={trans} />
      )}
      {answer && (
        <Answer answer={answer} outputs={form.schema.outputs} trans={trans} />
      )}
      {answer && (
        <Trace
          title={trans.__('Behind this answer')}
          id={answer.id}
          {...props}
        />
      )}
    </>
  );
}

function Form(props: IShown): React.ReactElement | null {
  const { model, trans } = props;
  const { form, fields, refusal, asking } = model.state;
  const runs = model.runs;
  const element = React.useRef<HTMLFormElement>(null);
  React.useEffect(() => {
    element.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }, [refusal]);
  if (!form) {
    return null;
  }
  const faults = new Map(
    refusal?.errors.map(({ column, message }) => [column, message])
  );
  return (
    <form
      ref={element}
      noValidate
      onSubmit={event => {
        event.preventDefault();
        if (runs && !asking) {
          void model.predict();
        }
      }}
    >
      {form.why && <p className="e2e-Hint">{form.why}</p>}
      <div className="e2e-Form">
        {form.schema.columns.map(column => (
          <Field
            key={column.name}
            column={column}
            field={fields[column.name] ?? { text: '', isNull: false }}
            fault={faults.get(column.name) ?? null}
            onWrite={field => model.write(column.name, field)}
            trans={trans}
          />
        ))}
      </div>
      <div className="e2e-Buttons">
        {runs && (
          <button
            type="submit"
            className="jp-mod-styled jp-mod-accept"
            disabled={asking}
          >
            {trans.__('Predict')}
          </button>
        )}
        {form.rows.length > 1 && (
          <Button
            type="button"
            className="jp-mod-styled"
            title={trans.__('Write the next of the rows that were kept')}
            onClick={() => model.another()}
          >
            {trans.__('Another row')}
          </Button>
        )}
        {!runs && (
          <span className="e2e-mod-secondary">
            {trans.__('Serve it to ask it.')}
          </span>
        )}
      </div>
    </form>
  );
}

function Field(props: {
  column: IRequestColumn;
  field: IField;
  fault: string | null;
  onWrite: (field: IField) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { column, field, fault, onWrite, trans } = props;
  const id = React.useId();
  const kind = kindOf(column);
  const write = (text: string) => onWrite({ text, isNull: false });
  const common = {
    id,
    className: 'jp-mod-styled',
    disabled: field.isNull,
    'aria-invalid': fault !== null,
    'aria-describedby': fault ? `${id}-fault` : undefined
  };
  return (
    <div className="e2e-Field">
      <label htmlFor={id} title={`${column.name}: ${column.type}`}>
        <span className="e2e-mod-cut">{column.name}</span>{' '}
        <span className="e2e-mod-secondary e2e-mod-cut">{column.type}</span>
      </label>
      <div className="e2e-Field-line">
        {kind === 'choice' || kind === 'bool' ? (
          <select
            {...common}
            value={field.isNull ? '' : field.text}
            onChange={event => write(event.target.value)}
          >
            {(field.isNull || !choices(column).includes(field.text)) && (
              <option value={field.isNull ? '' : field.text}>
                {field.isNull ? '' : field.text}
              </option>
            )}
            {choices(column).map(choice => (
              <option key={choice} value={choice}>
                {choice}
              </option>
            ))}
          </select>
        ) : (
          <input
            {...common}
            type="text"
            inputMode={kind === 'number' ? 'decimal' : undefined}
            autoComplete="off"
            spellCheck={false}
            value={field.isNull ? '' : field.text}
            placeholder={field.isNull ? trans.__('null') : undefined}
            onChange={event => write(event.target.value)}
          />
        )}
        {column.nullable && (
          <label className="e2e-Field-null">
            <input
              type="checkbox"
              checked={field.isNull}
              aria-label={trans.__('%1 is null', column.name)}
              onChange={event =>
                onWrite({ ...field, isNull: event.target.checked })
              }
            />
            {trans.__('null')}
          </label>
        )}
      </div>
      {fault && (
        <div className="e2e-Field-fault" id={`${id}-fault`} role="alert">
          {short(fault, column.name)}
        </div>
      )}
    </div>
  );
}

/** Without the row and column, which are plain to see here. */
function short(fault: string, column: string): string {
  const [, ...rest] = fault.split(`column '${column}': `);
  return rest.length ? rest.join(`column '${column}': `) : fault;
}

function Answer(props: {
  answer: IAnswer;
  outputs: readonly string[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { answer, outputs, trans } = props;
  const [first] = answer.predictions;
  const said =
    first !== null && typeof first === 'object'
      ? Object.entries(first as Record<string, unknown>)
      : [[outputs[0] ?? '', first] as const];
  return (
    <section
      className="e2e-Answer e2e-Answered"
      aria-label={trans.__('Answer')}
      role="status"
    >
      <dl>
        {said.map(([name, value]) => (
          <React.Fragment key={name}>
            <dt className="e2e-mod-secondary">{name}</dt>
            <dd className="e2e-Answered-value">{valueWords(value)}</dd>
          </React.Fragment>
        ))}
      </dl>
      <Equal compared={answer.compared} trans={trans} />
      <div className="e2e-Answered-id">
        <Copyable text={answer.id} trans={trans} />
        <span
          className="e2e-mod-secondary"
          title={trans.__('From the Jupyter server to the service and back')}
        >
          {milliseconds(answer.seconds)}
        </span>
      </div>
    </section>
  );
}

function Equal(props: {
  compared: ICompared | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { compared, trans } = props;
  if (!compared) {
    return (
      <div className="e2e-Answered-equal" aria-busy="true">
        <Sign state="running" word={trans.__('running')} trans={trans} />
        {trans.__('Equal to the model: asking it…')}
      </div>
    );
  }
  const { equal, difference, own, why } = compared;
  if (equal === null) {
    return (
      <div className="e2e-Answered-equal" title={why}>
        <Sign state="empty" word={trans.__('not known')} trans={trans} />
        <span>
          {trans.__('Equal to the model: not known.')} {why}
        </span>
      </div>
    );
  }
  return (
    <div
      className="e2e-Answered-equal"
      title={
        difference
          ? trans.__('largest difference %1', String(difference))
          : undefined
      }
    >
      <Sign
        state={equal ? 'clean' : 'needs you'}
        word={equal ? trans.__('equal') : trans.__('different')}
        trans={trans}
      />
      <span>
        {equal
          ? trans.__('Equal to the model: yes')
          : trans.__('Equal to the model: no, it says %1', valueWords(own[0]))}
      </span>
    </div>
  );
}

/** A value of an answer as people read it. */
export function valueWords(value: unknown): string {
  if (typeof value === 'number' && !Number.isInteger(value)) {
    return String(Number(value.toPrecision(7)));
  }
  return value !== null && typeof value === 'object'
    ? Object.entries(value)
        .map(([name, one]) => `${name} ${valueWords(one)}`)
        .join(' · ')
    : String(value);
}
