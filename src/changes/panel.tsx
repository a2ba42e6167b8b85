import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ApiError } from '../api';
import { Problem } from '../components/problem';
import { PartSection } from '../components/section';
import { IChangedFile } from '../types';
import { ChangeNotice } from './answer';
import { CommitBox } from './box';
import { Files } from './files';
import { Commits } from './history';
import { ChangesModel } from './model';

/** What the panel can have done. */
export interface IChangesActions {
  /** Whether the project can be written to. */
  writable: () => boolean;
  /** The names of what is open and not saved; a commit saves it. */
  unsaved: () => readonly string[];
  commit: () => void;
  cancel: () => void;
  open: (file: IChangedFile) => void;
  /** Show what going back to a commit would do, and do it if that is wanted. */
  restore: (revision: string) => void;
  undo: () => void;
  /** Make the folder a git repository. */
  complete: () => void;
}

/** The section **Changes** of the sidebar: what is not committed, and what was. */
export class ChangesPanel extends PartSection<ChangesModel> {
  constructor(
    model: ChangesModel,
    private readonly actions: IChangesActions,
    private readonly trans: TranslationBundle
  ) {
    super(model, 'e2e-lab-changes', trans.__('Changes'), 'e2e-ChangesPanel');
  }

  /** Put the cursor into the message, as soon as it is there. */
  focusMessage(): void {
    this._wanted = true;
    this.focusIfWanted();
  }

  protected shown(): React.ReactElement {
    const { model, actions, trans } = this;
    return (
      <Changes
        {...{ model, actions, trans }}
        onDrawn={() => this.focusIfWanted()}
      />
    );
  }

  private focusIfWanted(): void {
    const box = this.node.querySelector('textarea');
    if (this._wanted && box) {
      this._wanted = false;
      box.focus();
    }
  }

  private _wanted = false;
}

/** What the section shows. */
export function Changes(props: {
  model: ChangesModel;
  actions: IChangesActions;
  trans: TranslationBundle;
  onDrawn?: () => void;
}): React.ReactElement | null {
  const { model, actions, trans } = props;
  React.useEffect(() => props.onDrawn?.());
  const { phase, problem } = model.watch.state;
  const { state } = model;
  if (phase === 'outside') {
    return (
      <p className="e2e-Hint">
        {trans.__('Commits are made in a project; this folder is in none yet.')}
      </p>
    );
  }
  if (!state.changes) {
    return problem ? (
      <Problem
        problem={problem}
        onRetry={() => void model.watch.refresh()}
        trans={trans}
      />
    ) : (
      <p className="e2e-Hint" aria-busy="true">
        {trans.__('Looking for changes…')}
      </p>
    );
  }
  if (!state.changes.git) {
    return (
      <>
        <p className="e2e-Hint">
          {trans.__(
            'Nothing can be committed here: the project is in no git repository.'
          )}{' '}
          <code>%e2e init</code>
        </p>
        {actions.writable() && (
          <button
            type="button"
            className="jp-mod-styled jp-mod-accept e2e-Section-button"
            onClick={actions.complete}
          >
            {trans.__('Make it a repository')}
          </button>
        )}
        {state.problem && <Problem problem={state.problem} trans={trans} />}
      </>
    );
  }
  const { blocked } = state.changes;
  const unsaved = actions.unsaved();
  return (
    <>
      {blocked && (
        <Problem
          problem={new ApiError(blocked.code, blocked.message, blocked.hint)}
          trans={trans}
        />
      )}
      {actions.writable() ? (
        <CommitBox
          state={state}
          changes={state.changes}
          unsaved={unsaved}
          trans={trans}
          onMessage={message => model.update({ message })}
          onCommit={actions.commit}
          onCancel={actions.cancel}
        />
      ) : (
        <p className="e2e-Hint">
          {trans.__('This project may only be looked at.')}
        </p>
      )}
      {state.problem && <Problem problem={state.problem} trans={trans} />}
      {state.answer && (
        <ChangeNotice
          answer={state.answer}
          trans={trans}
          onUndo={actions.undo}
          onDismiss={() => model.update({ answer: null })}
        />
      )}
      <Files
        changes={state.changes}
        unsaved={unsaved}
        selected={state.file}
        trans={trans}
        onSelect={file => model.update({ file: file.path })}
        onOpen={actions.open}
      />
      <Commits
        commits={state.commits}
        total={state.total}
        selected={state.commit}
        trans={trans}
        onSelect={commit => model.update({ commit: commit.id })}
        onOpen={commit => actions.restore(commit.id)}
        onMore={() => void model.more()}
      />
    </>
  );
}
