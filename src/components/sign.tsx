import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { RoomState } from '../types';

const SHAPES: Record<RoomState, React.ReactElement> = {
  clean: <circle cx="6" cy="6" r="4" fill="currentColor" />,
  unsaved: <circle cx="6" cy="6" r="2.5" fill="currentColor" />,
  running: (
    <>
      <circle cx="6" cy="6" r="3.5" fill="none" stroke="currentColor" />
      <path d="M6 2.5a3.5 3.5 0 0 0 0 7z" fill="currentColor" />
    </>
  ),
  empty: <circle cx="6" cy="6" r="3.5" fill="none" stroke="currentColor" />,
  'needs you': <path d="M6 1.5 11 10.5H1z" fill="currentColor" />
};

/** A state as shape, colour and word. */
export function Sign(props: {
  state: RoomState;
  /** Where the room's own word does not say it. */
  word?: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const word = props.word ?? stateWord(props.state, props.trans);
  return (
    <span className="e2e-Sign" data-state={props.state} title={word}>
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
        {SHAPES[props.state]}
      </svg>
      <span className="e2e-mod-spoken">{word}</span>
    </span>
  );
}

function stateWord(state: RoomState, trans: TranslationBundle): string {
  switch (state) {
    case 'clean':
      return trans.__('clean');
    case 'unsaved':
      return trans.__('not committed');
    case 'running':
      return trans.__('running');
    case 'empty':
      return trans.__('nothing yet');
    case 'needs you':
      return trans.__('needs you');
  }
}
