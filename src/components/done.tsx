import { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Name } from './name';

/** What was done, in a box that can be dismissed: its name, a word, and what there is to say of it. */
export function Done(props: {
  name: string;
  word?: string;
  onDismiss: () => void;
  trans: TranslationBundle;
  children: React.ReactNode;
}): React.ReactElement {
  const { name, word, trans } = props;
  return (
    <div className="e2e-Answer" role="status">
      <div className="e2e-Answer-title">
        <Name text={name} />
        {word && <span>{word}</span>}
        <button
          type="button"
          className="e2e-IconButton"
          aria-label={trans.__('Dismiss')}
          title={trans.__('Dismiss')}
          onClick={props.onDismiss}
        >
          <closeIcon.react tag="span" width="14px" height="14px" />
        </button>
      </div>
      {props.children}
    </div>
  );
}
