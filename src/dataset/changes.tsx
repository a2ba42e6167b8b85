import { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Asked } from '../components/asked';
import { size } from '../components/size';
import { count } from '../components/words';
import { ISchemaChange, IVersionDiff, IVersionEntry } from '../types';
import { DatasetModel } from './model';

/** What differs between the version that is looked at and another one. */
export function Changes(props: {
  model: DatasetModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, trans } = props;
  const { name, versions, version } = model.state;
  const [other, setOther] = React.useState<string | null>(null);
  if (!version || !versions) {
    return <></>;
  }
  const others = versions.filter(one => one !== version);
  if (others.length === 0) {
    return (
      <p className="e2e-Hint">
        {trans.__('This is the only version; changes show from the second on.')}
      </p>
    );
  }
  const before =
    others.find(one => one.selector === other) ??
    others.find(one => one.version === version.previous?.version) ??
    others[0];
  const id = `${before.ref} ${version.ref}`;
  return (
    <>
      <label className="e2e-Changes-choice">
        {trans.__('From')}
        <HTMLSelect
          value={before.selector}
          aria-label={trans.__('The version to compare with')}
          onChange={event => setOther(event.target.value)}
        >
          {others.map(one => (
            <option key={one.selector} value={one.selector}>
              v{one.version}
            </option>
          ))}
        </HTMLSelect>
        {trans.__('to v%1', version.version)}
      </label>
      <Asked
        of={id}
        ask={() =>
          model.api.diff(model.folder, name, before.selector, version.selector)
        }
        trans={trans}
      >
        {diff => <Diff diff={diff} trans={trans} />}
      </Asked>
    </>
  );
}

function Diff(props: {
  diff: IVersionDiff;
  trans: TranslationBundle;
}): React.ReactElement {
  const { diff, trans } = props;
  const numbers: [string, IPair, number | null, (n: number) => string][] = [
    [trans.__('Rows'), pair(diff, 'rows'), diff.rows, count],
    [trans.__('Columns'), pair(diff, 'columns'), diff.columns, count],
    [trans.__('Stored'), pair(diff, 'bytes'), null, size]
  ];
  return (
    <>
      <p className="e2e-Changes-summary">{summary(diff, trans)}</p>
      <table className="e2e-Table">
        <thead>
          <tr>
            <td />
            <th scope="col">v{diff.a.version}</th>
            <th scope="col">v{diff.b.version}</th>
            <th scope="col">{trans.__('Change')}</th>
          </tr>
        </thead>
        <tbody>
          {numbers.map(([label, [a, b], by, words]) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td className="e2e-mod-number">{a === null ? '–' : words(a)}</td>
              <td className="e2e-mod-number">{b === null ? '–' : words(b)}</td>
              <td className="e2e-mod-number">{signed(by, words)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {diff.schema.length > 0 && (
        <table className="e2e-Table">
          <caption>{trans.__('Columns that differ')}</caption>
          <tbody>
            {diff.schema.map((change, i) => (
              <tr key={i}>
                <th scope="row">{change.name}</th>
                <td>{said(change, trans)}</td>
                <td>
                  <code>
                    {[change.before, change.after].filter(Boolean).join(' → ')}
                  </code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

/** What a person wants to know first. Bytes are what the later version added to the store. */
function summary(diff: IVersionDiff, trans: TranslationBundle): string {
  if (diff.same) {
    return trans.__('The same content.');
  }
  const { rows, columns, schema } = diff;
  const parts = [
    columns &&
      trans._n('%2 column', '%2 columns', Math.abs(columns), signed(columns)),
    rows
      ? trans._n('%2 row', '%2 rows', Math.abs(rows), signed(rows))
      : trans.__('as many rows'),
    columns === 0 &&
      schema.length > 0 &&
      trans._n('%1 column differs', '%1 columns differ', schema.length),
    diff.b.bytes !== null && trans.__('%1 stored', size(diff.b.bytes))
  ];
  return parts.filter(Boolean).join(' · ');
}

type IPair = [number | null, number | null];

function pair(
  diff: IVersionDiff,
  what: keyof Pick<IVersionEntry, 'rows' | 'columns' | 'bytes'>
): IPair {
  return [diff.a[what], diff.b[what]];
}

function signed(
  by: number | null,
  words: (n: number) => string = count
): string {
  if (by === null) {
    return '';
  }
  return by === 0 ? '0' : `${by > 0 ? '+' : '−'}${words(Math.abs(by))}`;
}

function said(change: ISchemaChange, trans: TranslationBundle): string {
  switch (change.change) {
    case 'added':
      return trans.__('+ added');
    case 'removed':
      return trans.__('− removed');
    case 'type':
      return trans.__('type changed');
    case 'moved':
      return trans.__('moved');
  }
}
