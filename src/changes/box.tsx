import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { IWorkingChanges } from '../types';
import { IChangesState } from './model';

/** A message as high as its lines, up to so many. */
const LINES = 6;
const KEYS = CommandRegistry.formatKeystroke('Accel Enter');

/** What the commit is to say, and the button that makes it. */
export function CommitBox(props: {
  state: IChangesState;
  changes: IWorkingChanges;
  /** What is open and not saved. */
  unsaved: readonly string[];
  trans: TranslationBundle;
  onMessage: (message: string) => void;
  onCommit: () => void;
  onCancel: () => void;
}): React.ReactElement {
  const { state, changes, trans } = props;
  const { message, doing } = state;
  const busy = doing === 'committing';
  const any = changes.total + props.unsaved.length > 0;
  const can = any && !changes.blocked && doing === null;
  const ready = can && message.trim() !== '';
  const who = changes.author
    ? trans.__('as %1', changes.author)
    : trans.__('asks for your name');
  const keys = (event: React.KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation(); // in a notebook it would run a cell
      if (ready) {
        props.onCommit();
      }
    }
  };
  return (
    <div className="e2e-CommitBox">
      <textarea
        className="jp-mod-styled e2e-CommitBox-message"
        rows={Math.min(message.split('\n').length, LINES)}
        placeholder={trans.__('What changed, and why')}
        aria-label={trans.__('Message of the commit')}
        value={message}
        readOnly={busy}
        data-lm-suppress-shortcuts="true"
        onChange={event => props.onMessage(event.target.value)}
        onKeyDown={keys}
      />
      <div className="e2e-CommitBox-line">
        <span
          className="e2e-mod-secondary e2e-mod-cut"
          title={changes.author ?? undefined}
        >
          {busy ? trans.__('Committing…') : who}
        </span>
        {busy ? (
          <button
            type="button"
            className="jp-mod-styled e2e-CommitBox-button"
            onClick={props.onCancel}
          >
            {trans.__('Cancel')}
          </button>
        ) : (
          <button
            type="button"
            className="jp-mod-styled jp-mod-accept e2e-CommitBox-button"
            disabled={!ready}
            title={
              any
                ? trans.__('Save and commit (%1)', KEYS)
                : trans.__('Nothing to commit')
            }
            onClick={props.onCommit}
          >
            {trans.__('Commit')}
          </button>
        )}
      </div>
    </div>
  );
}
