import { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Copyable } from '../components/copyable';
import { Name } from '../components/name';
import { size } from '../components/size';
import { count } from '../components/words';
import { IWorkspace } from '../kernel/model';
import { IFrame } from '../types';

/** How many tables are shown before somebody asks for all. */
const FEW = 6;

/** The tables of the current notebook, each with what saves it. */
export function InNotebook(props: {
  workspace: IWorkspace | null;
  trans: TranslationBundle;
  onSnapshot: ((frame: IFrame) => void) | null;
  onLoadLibrary: () => void;
}): React.ReactElement {
  const { workspace, trans } = props;
  const heading = React.useId();
  return (
    <section className="e2e-Section" aria-labelledby={heading}>
      <h4 id={heading} className="e2e-Section-title">
        <span>{trans.__('In this notebook')}</span>
        {workspace && <Name text={workspace.name} title={workspace.path} />}
      </h4>
      {workspace ? (
        <Kernel {...props} workspace={workspace} />
      ) : (
        <p className="e2e-Hint">
          {trans.__('Open a notebook to see its tables here.')}
        </p>
      )}
    </section>
  );
}

function Kernel(props: {
  workspace: IWorkspace;
  trans: TranslationBundle;
  onSnapshot: ((frame: IFrame) => void) | null;
  onLoadLibrary: () => void;
}): React.ReactElement {
  const { workspace, trans } = props;
  switch (workspace.phase) {
    case 'no kernel':
      return (
        <p className="e2e-Hint">
          {trans.__('No kernel runs. Its tables show here once it does.')}
        </p>
      );
    case 'asking':
      return (
        <p className="e2e-Hint" aria-busy="true">
          {workspace.busy
            ? trans.__(
                'The kernel is busy. Its tables show here once it answers.'
              )
            : trans.__('Asking the kernel…')}
        </p>
      );
    case 'not python':
      return (
        <p className="e2e-Hint">
          {trans.__(
            'Tables are seen in Python notebooks only; the kernel here is %1.',
            workspace.kernelLabel
          )}
        </p>
      );
    case 'not loaded':
      return (
        <>
          <p className="e2e-Hint">
            {trans.__('To see its tables, load e2e_lab into this notebook.')}
          </p>
          <Button
            className="jp-mod-styled jp-mod-accept e2e-Section-button"
            title={trans.__('Insert and run a cell with %load_ext e2e_lab')}
            onClick={props.onLoadLibrary}
          >
            {trans.__('Load e2e_lab')}
          </Button>
        </>
      );
    case 'missing':
      return (
        <div className="e2e-Problem" role="alert">
          <div>
            {trans.__(
              'The kernel “%1” lacks e2e_lab. Install it there and restart the kernel:',
              workspace.kernelLabel
            )}
          </div>
          <Copyable text={workspace.install} trans={trans} />
        </div>
      );
    case 'live':
      return <Frames {...props} />;
  }
}

function Frames(props: {
  workspace: IWorkspace;
  trans: TranslationBundle;
  onSnapshot: ((frame: IFrame) => void) | null;
}): React.ReactElement {
  const { workspace, trans, onSnapshot } = props;
  const { frames, total, busy } = workspace;
  const [all, setAll] = React.useState(false);
  const shown = all ? frames : frames.slice(0, FEW);
  const first = frames.find(frame => frame.state !== 'saved');
  return (
    <>
      {total === 0 && (
        <p className="e2e-Hint">
          {trans.__('Tables that a cell makes show here, ready to be kept.')}
        </p>
      )}
      <ul className="e2e-Frames">
        {shown.map(frame => (
          <Frame
            key={frame.name}
            frame={frame}
            prominent={frame === first}
            trans={trans}
            onSnapshot={onSnapshot && (() => onSnapshot(frame))}
          />
        ))}
      </ul>
      {frames.length > FEW && (
        <button
          type="button"
          className="e2e-Link"
          aria-expanded={all}
          onClick={() => setAll(!all)}
        >
          {all ? trans.__('Show fewer') : trans.__('Show all %1', count(total))}
        </button>
      )}
      {all && total > frames.length && (
        <p className="e2e-Hint">
          {trans.__('The %1 newest are shown.', count(frames.length))}
        </p>
      )}
      {busy && total > 0 && (
        <p className="e2e-Hint">
          {trans.__('A cell runs; these are from before it.')}
        </p>
      )}
    </>
  );
}

function Frame(props: {
  frame: IFrame;
  prominent: boolean;
  trans: TranslationBundle;
  /** Null where nothing can be written. */
  onSnapshot: (() => void) | null;
}): React.ReactElement {
  const { frame, prominent, trans } = props;
  const shape = `${count(frame.rows)} × ${count(frame.columns)}`;
  const facts = [shape];
  if (frame.state === 'saved') {
    facts.push(trans.__('saved as %1', frame.ref));
  } else if (frame.state === 'changed') {
    facts.push(trans.__('changed since %1', frame.ref));
  } else {
    facts.push(
      frame.made_from
        ? trans.__('from %1', frame.made_from)
        : trans.__('not kept yet')
    );
  }
  const title = [
    trans.__('%1 rows, %2 columns', count(frame.rows), count(frame.columns)),
    frame.bytes === null ? '' : trans.__('%1 in memory', size(frame.bytes)),
    ...facts.slice(1)
  ].filter(Boolean);
  return (
    <li className="e2e-Frame" title={title.join('\n')}>
      <div className="e2e-Frame-words">
        <div className="e2e-Frame-name">
          <Name text={frame.name} title="" />
        </div>
        <div className="e2e-mod-secondary e2e-mod-cut">{facts.join(' · ')}</div>
      </div>
      {frame.state !== 'saved' && props.onSnapshot && (
        <Button
          className={
            prominent
              ? 'jp-mod-styled jp-mod-accept e2e-Frame-button'
              : 'jp-mod-styled e2e-Frame-button'
          }
          aria-label={trans.__('Snapshot %1', frame.name)}
          title={trans.__('Insert and run a cell: %1', frame.magic)}
          onClick={props.onSnapshot}
        >
          {trans.__('Snapshot')}
        </Button>
      )}
    </li>
  );
}
