import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Windowed } from '../components/windowed';
import { ago, count, moment } from '../components/words';
import { ICommitEntry } from '../types';
import { effect, files } from './words';

/** The height of a commit in the list, in pixels; `base.css` fits two lines into it. */
const HEIGHT = 42;

/** What was committed, newest first, with what it did to the data. */
export function Commits(props: {
  commits: readonly ICommitEntry[];
  total: number;
  selected: string | null;
  trans: TranslationBundle;
  onSelect: (commit: ICommitEntry) => void;
  onOpen: (commit: ICommitEntry) => void;
  onMore: () => void;
}): React.ReactElement {
  const { commits, total, trans } = props;
  const title = trans.__('History');
  if (commits.length === 0) {
    return (
      <p className="e2e-Hint">
        {trans.__(
          'No commits yet. One keeps code and data together, so that both can be brought back:'
        )}{' '}
        <code>%e2e commit -m "first data"</code>
      </p>
    );
  }
  return (
    <section className="e2e-Section e2e-Commits" aria-label={title}>
      <h4 className="e2e-Section-title">
        <span>{title}</span>
        <span className="e2e-Section-count">{count(total)}</span>
      </h4>
      <Windowed
        label={title}
        items={commits}
        height={HEIGHT}
        keyOf={commit => commit.id}
        selected={props.selected}
        render={commit => <Row commit={commit} trans={trans} />}
        onSelect={props.onSelect}
        onOpen={props.onOpen}
      />
      {total > commits.length && (
        <button type="button" className="e2e-Link" onClick={props.onMore}>
          {trans.__('Show older commits')}
        </button>
      )}
    </section>
  );
}

function Row(props: {
  commit: ICommitEntry;
  trans: TranslationBundle;
}): React.ReactElement {
  const { commit, trans } = props;
  const data = commit.datasets.map(change => effect(change, trans));
  const did = [...data, files(commit, trans)].filter(Boolean);
  const more = commit.files - commit.paths.length;
  const whole = [
    `${commit.id.slice(0, 7)} · ${commit.author} · ${moment(commit.time)}`,
    commit.message.trim(),
    ...data,
    ...commit.paths,
    more > 0 ? trans.__('and %1 more', more) : ''
  ].filter(Boolean);
  return (
    <div title={whole.join('\n')}>
      <div className="e2e-Row">
        <span className="e2e-mod-cut">
          {commit.message.trim().split('\n')[0] || commit.id.slice(0, 7)}
        </span>
        <span className="e2e-Row-right">{ago(commit.time, trans)}</span>
      </div>
      <div className="e2e-mod-secondary e2e-mod-cut">{did.join(' · ')}</div>
    </div>
  );
}
