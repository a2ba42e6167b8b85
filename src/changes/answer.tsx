import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Copyable } from '../components/copyable';
import { Done } from '../components/done';
import { ChangeAnswer } from './model';
import { effect, undoing } from './words';

/** What was done, and the line that undoes it. */
export function ChangeNotice(props: {
  answer: ChangeAnswer;
  trans: TranslationBundle;
  onUndo: () => void;
  onDismiss: () => void;
}): React.ReactElement {
  const { answer, trans } = props;
  const { title, said, notes } = told(answer, trans);
  return (
    <Done name={title} onDismiss={props.onDismiss} trans={trans}>
      {[...said, ...notes].map(line => (
        <div key={line} className="e2e-mod-secondary">
          {line}
        </div>
      ))}
      {answer.kind === 'committed'
        ? answer.commit.changed && (
            <div className="e2e-Answer-undo">
              <span className="e2e-mod-secondary">{trans.__('Undo:')} </span>
              <Copyable text={undoing(answer.commit)} trans={trans} />
            </div>
          )
        : answer.restored.saved && (
            <button type="button" className="e2e-Retry" onClick={props.onUndo}>
              {trans.__('Undo')}
            </button>
          )}
    </Done>
  );
}

function told(answer: ChangeAnswer, trans: TranslationBundle) {
  if (answer.kind === 'restored') {
    const { restored, message } = answer;
    const title = first(message) || restored.revision.slice(0, 7);
    return restored.files.length === 0
      ? { title: trans.__('All is as in “%1”', title), said: [], notes: [] }
      : {
          title: trans.__('As in “%1”', title),
          said: [
            trans._n('%1 file', '%1 files', restored.files.length),
            ...restored.datasets.map(change => effect(change, trans))
          ],
          notes: restored.notes
        };
  }
  const { commit, notes } = answer;
  const title = `${commit.id.slice(0, 7)} “${first(commit.message)}”`;
  const more = [...commit.notes, ...notes];
  if (!commit.changed) {
    const same = trans.__('Nothing to commit: all is as in it.');
    return { title, said: [same], notes: more };
  }
  return {
    title,
    said: [
      trans._n('%1 file', '%1 files', commit.files.length),
      ...commit.datasets.map(change => effect(change, trans))
    ],
    notes: more
  };
}

function first(message: string): string {
  return message.trim().split('\n')[0];
}
