import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { agreed, atOnce } from '../components/question';
import { ago, moment } from '../components/words';
import { IRestorePlan } from '../types';
import { effect } from './words';

/** Files that are named in the dialog; of the others there is the number. */
const MOST = 12;

/** Who commits. */
export interface IIdentity {
  name: string;
  email: string;
  /** Write it into the repository's settings. */
  keep: boolean;
}

/** A commit as it is asked for. */
export interface IWish {
  readonly message: string;
  readonly kernel: string | null;
  readonly identity: IIdentity | null;
}

/** Ask who commits, at the moment when git does not know. Null: nobody. */
export async function askForIdentity(
  trans: TranslationBundle
): Promise<IIdentity | null> {
  const body = new Who(trans);
  const yes = await agreed(
    trans.__('Who is committing?'),
    body,
    trans.__('Commit')
  );
  return yes ? body.said : null;
}

class Who extends ReactWidget {
  readonly said: IIdentity = { name: '', email: '', keep: true };

  constructor(private readonly trans: TranslationBundle) {
    super();
    this.addClass('e2e-Questions');
  }

  protected render(): React.ReactElement {
    const { said, trans } = this;
    return (
      <>
        <p className="e2e-Questions-words">
          {trans.__(
            'Every commit names its author, and git does not know you here yet.'
          )}
        </p>
        <label>
          {trans.__('Name')}
          <input
            className="jp-mod-styled"
            type="text"
            autoComplete="name"
            onChange={event => (said.name = event.target.value.trim())}
          />
        </label>
        <label>
          {trans.__('Email')}
          <input
            className="jp-mod-styled"
            type="text"
            autoComplete="email"
            onChange={event => (said.email = event.target.value.trim())}
          />
        </label>
        <label className="e2e-Questions-choice">
          <input
            type="checkbox"
            defaultChecked={said.keep}
            onChange={event => (said.keep = event.target.checked)}
          />
          {trans.__('Remember in this repository')}
        </label>
      </>
    );
  }
}

/** Show what a restore would do; whether it is wanted. */
export async function askToRestore(
  plan: IRestorePlan,
  names: readonly string[],
  writable: boolean,
  trans: TranslationBundle
): Promise<boolean> {
  const nothing = plan.write.length + plan.remove.length === 0;
  const can = writable && !nothing;
  const { button } = await showDialog({
    title:
      names.length > 0
        ? trans.__('Restore %1', names.join(', '))
        : trans.__('Restore commit %1', plan.id.slice(0, 7)),
    body: atOnce(ReactWidget.create(<Plan plan={plan} trans={trans} />)),
    buttons: can
      ? [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Restore') })]
      : [Dialog.cancelButton({ label: trans.__('Close') })],
    defaultButton: can ? 1 : 0
  });
  return can && button.accept;
}

/** What a restore would do. */
export function Plan(props: {
  plan: IRestorePlan;
  trans: TranslationBundle;
}): React.ReactElement {
  const { plan, trans } = props;
  const [title, ...rest] = plan.message.trim().split('\n');
  const nothing = plan.write.length + plan.remove.length === 0;
  return (
    <div className="e2e-Plan">
      <div className="e2e-Plan-title">{title || plan.id.slice(0, 7)}</div>
      <div className="e2e-mod-secondary" title={moment(plan.time)}>
        {plan.author} · {ago(plan.time, trans)}
      </div>
      {rest.join('\n').trim() && (
        <p className="e2e-Plan-message">{rest.join('\n').trim()}</p>
      )}
      {nothing && <p>{trans.__('All is as it was then.')}</p>}
      <Lines
        title={trans.__('Data')}
        lines={plan.datasets.map(change => effect(change, trans))}
        trans={trans}
      />
      <Lines
        title={trans.__('Files as they were')}
        lines={plan.write.filter(path => !isRecord(path))}
        trans={trans}
      />
      <Lines
        title={trans.__('Files that came later, removed')}
        lines={plan.remove.filter(path => !isRecord(path))}
        trans={trans}
      />
      <Lines
        title={trans.__('Not committed, saved first')}
        lines={plan.saves}
        trans={trans}
      />
      <Lines title={trans.__('Left alone')} lines={plan.notes} trans={trans} />
      {!nothing && (
        <p className="e2e-mod-secondary">
          {trans.__(
            'The branch stays where it is, and what is replaced can be brought back.'
          )}
        </p>
      )}
    </div>
  );
}

/** Whether a file is a dataset's record, which is told of as data. */
function isRecord(path: string): boolean {
  return /^data\/(raw|processed)\/[^/]+\.json$/.test(path);
}

function Lines(props: {
  title: string;
  lines: readonly string[];
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { title, lines, trans } = props;
  if (lines.length === 0) {
    return null;
  }
  return (
    <section aria-label={title}>
      <div className="e2e-Plan-part">{title}</div>
      <ul>
        {lines.slice(0, MOST).map(line => (
          <li key={line} title={line}>
            {line}
          </li>
        ))}
        {lines.length > MOST && (
          <li className="e2e-mod-secondary">
            {trans.__('and %1 more', lines.length - MOST)}
          </li>
        )}
      </ul>
    </section>
  );
}
