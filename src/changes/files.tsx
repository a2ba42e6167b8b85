import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Name } from '../components/name';
import { Windowed } from '../components/windowed';
import { count } from '../components/words';
import {
  FileChange,
  FileKind,
  IChangedFile,
  ILeftOut,
  IWorkingChanges,
  WhyLeftOut
} from '../types';
import { versions } from './words';

/** The height of a file in the list, in pixels. */
const HEIGHT = 24;
/** Files that a commit leaves out, of which more than these are only counted. */
const MOST = 50;

const KINDS: readonly FileKind[] = ['notebook', 'code', 'record', 'other'];

/** What a commit made now would put in, by kind, and below it what it would leave out. */
export function Files(props: {
  changes: IWorkingChanges;
  /** The names of what is open and not saved. */
  unsaved: readonly string[];
  selected: string | null;
  trans: TranslationBundle;
  onSelect: (file: IChangedFile) => void;
  onOpen: (file: IChangedFile) => void;
}): React.ReactElement {
  const { changes, unsaved, trans } = props;
  const groups = KINDS.map(kind => ({
    kind,
    title: kindWord(kind, trans),
    files: changes.items.filter(file => file.kind === kind)
  })).filter(({ files }) => files.length > 0);
  return (
    <>
      {unsaved.length > 0 && (
        <p className="e2e-Hint">
          {trans.__('Saved with the commit: %1', unsaved.join(', '))}
        </p>
      )}
      {groups.length === 0 && unsaved.length === 0 && (
        <p className="e2e-Hint">
          {changes.head
            ? trans.__('Nothing to commit: all is as in the last commit.')
            : trans.__(
                'Nothing to commit yet: notebooks, code and the records of datasets go in.'
              )}
        </p>
      )}
      {groups.map(({ kind, title, files }) => (
        <section
          className="e2e-Section e2e-Files"
          role="group" // “Data” is a section of the sidebar already
          aria-label={title}
          key={kind}
        >
          <h4 className="e2e-Section-title">
            <span>{title}</span>
            <span className="e2e-Section-count">{count(files.length)}</span>
          </h4>
          <Windowed
            label={title}
            items={files}
            height={HEIGHT}
            keyOf={file => file.path}
            selected={props.selected}
            render={file => <Row file={file} trans={trans} />}
            onSelect={props.onSelect}
            onOpen={props.onOpen}
          />
        </section>
      ))}
      {changes.total > changes.items.length && (
        <p className="e2e-Hint">
          {trans.__('and %1 more', count(changes.total - changes.items.length))}
        </p>
      )}
      {changes.notes.map(note => (
        <p className="e2e-Hint" key={note}>
          {note}
        </p>
      ))}
      <Outside changes={changes} trans={trans} />
    </>
  );
}

function Row(props: {
  file: IChangedFile;
  trans: TranslationBundle;
}): React.ReactElement {
  const { file, trans } = props;
  const { dataset } = file;
  const said = dataset
    ? versions(dataset, trans)
    : changeWord(file.change, trans);
  const whole = [file.path, dataset?.change].filter(Boolean).join('\n');
  return (
    <div className="e2e-Row" data-change={file.change} title={whole}>
      <Name text={dataset?.name ?? file.path} title="" />
      {dataset?.change && (
        <span className="e2e-mod-secondary e2e-mod-cut">{dataset.change}</span>
      )}
      <span className="e2e-Row-right">{said}</span>
    </div>
  );
}

function Outside(props: {
  changes: IWorkingChanges;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { changes, trans } = props;
  const total = changes.left_out_total;
  if (total === 0) {
    return null;
  }
  const shown: readonly ILeftOut[] = changes.left_out.slice(0, MOST);
  return (
    <details className="e2e-LeftOut">
      <summary>
        {trans._n('%1 file is left out', '%1 files are left out', total)}
      </summary>
      <ul>
        {shown.map(({ path, why }) => (
          <li className="e2e-Row" key={path} title={path}>
            <Name text={path} title="" />
            <span className="e2e-Row-right">{whyWord(why, trans)}</span>
          </li>
        ))}
        {total > shown.length && (
          <li className="e2e-Row e2e-mod-secondary">
            {trans.__('and %1 more', count(total - shown.length))}
          </li>
        )}
      </ul>
    </details>
  );
}

function kindWord(kind: FileKind, trans: TranslationBundle): string {
  switch (kind) {
    case 'notebook':
      return trans.__('Notebooks');
    case 'code':
      return trans.__('Code');
    case 'record':
      return trans.__('Data');
    case 'other':
      return trans.__('Other');
  }
}

function changeWord(change: FileChange, trans: TranslationBundle): string {
  switch (change) {
    case 'new':
      return trans.__('new');
    case 'changed':
      return trans.__('changed');
    case 'removed':
      return trans.__('removed');
  }
}

function whyWord(why: WhyLeftOut, trans: TranslationBundle): string {
  switch (why) {
    case 'private':
      return trans.__('keys');
    case 'large':
      return trans.__('large');
    case 'data':
      return trans.__('no code');
    case 'not ours':
      return trans.__('of another tool');
  }
}
