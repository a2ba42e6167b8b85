import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Copyable } from '../components/copyable';
import { Done } from '../components/done';
import { size } from '../components/size';
import { ago, count, moment, unbroken } from '../components/words';
import { IAnswer } from './model';

/** What a snapshot did: its size and time, what is new, and the line that loads it. */
export function Answer(props: {
  answer: IAnswer;
  trans: TranslationBundle;
  onDismiss: () => void;
}): React.ReactElement {
  const { answer, trans } = props;
  const facts = answer.change
    ? [
        answer.change,
        / rows?\b/.test(answer.change)
          ? ''
          : trans.__('%1 rows as before', count(answer.rows)),
        / [kMGT]?B\b/.test(answer.change) ? '' : `+${size(answer.bytes)}`
      ]
    : [`${count(answer.rows)} × ${count(answer.columns)}`, size(answer.bytes)];
  facts.push(ago(answer.time, trans));
  return (
    <Done
      name={answer.ref}
      word={answer.changed ? trans.__('saved') : trans.__('unchanged')}
      onDismiss={props.onDismiss}
      trans={trans}
    >
      <div className="e2e-mod-secondary" title={moment(answer.time)}>
        {answer.changed
          ? unbroken(facts.filter(Boolean).join(' · '))
          : trans.__('Nothing was written.')}
      </div>
      <Copyable text={`e2e.load("${answer.ref}")`} trans={trans} />
    </Done>
  );
}
