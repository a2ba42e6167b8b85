import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Name } from '../components/name';
import { Problem } from '../components/problem';
import { size } from '../components/size';
import { Views } from '../components/views';
import { ago, count, moment } from '../components/words';
import { IVersionEntry } from '../types';
import { DatasetActions } from './actions';
import { Buttons } from './buttons';
import { DatasetModel, DatasetView } from './model';
import { viewName } from './views';

/** The top of a dataset's tab: what is looked at, its versions along a line, and the views of it. */
export function DatasetHead(props: {
  model: DatasetModel;
  actions: DatasetActions;
  writable: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, trans } = props;
  const { name, version, versions, problem } = model.state;
  return (
    <>
      <div className="e2e-Tab-title">
        <h2>
          <Name text={version?.ref ?? name} />
        </h2>
        {version && <Facts version={version} trans={trans} />}
      </div>
      <Buttons {...props} />
      {problem && <Problem problem={problem} trans={trans} />}
      {versions && versions.length > 0 && (
        <Timeline model={model} versions={versions} trans={trans} />
      )}
      {version && !version.stored && (
        <p className="e2e-Hint">
          {trans.__(
            'The rows of this version are not on this machine; only its record is.'
          )}
        </p>
      )}
      {version && (
        <Views
          views={VIEWS}
          view={model.state.view}
          name={view => viewName(view, trans)}
          onView={view => (model.view = view)}
          trans={trans}
        />
      )}
    </>
  );
}

function Facts(props: {
  version: IVersionEntry;
  trans: TranslationBundle;
}): React.ReactElement {
  const { version, trans } = props;
  const { notebook } = version.origin;
  const facts = [
    version.stage === 'raw' ? trans.__('raw') : trans.__('processed'),
    `${count(version.rows)} × ${count(version.columns)}`,
    version.bytes === null ? '' : size(version.bytes),
    version.source ? trans.__('from %1', version.source) : '',
    version.parents.length > 0
      ? trans.__(
          'made from %1',
          version.parents.map(p => `${p.name}@v${p.version}`).join(', ')
        )
      : '',
    version.key.length > 0 ? trans.__('key %1', version.key.join(', ')) : '',
    notebook ? trans.__('in %1', notebook) : '',
    ago(version.time, trans)
  ].filter(Boolean);
  const whole = [
    ...facts.slice(0, -1),
    moment(version.time),
    version.author ?? '',
    version.message ?? '',
    version.id
  ].filter(Boolean);
  return (
    <span className="e2e-mod-secondary" title={whole.join('\n')}>
      {facts.join(' · ')}
    </span>
  );
}

/** Versions from the oldest to the newest, with what each changed. */
function Timeline(props: {
  model: DatasetModel;
  versions: readonly IVersionEntry[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, versions, trans } = props;
  const list = React.useRef<HTMLDivElement>(null);
  const chosen = model.state.version;
  React.useEffect(() => {
    const now = list.current?.querySelector<HTMLElement>('[aria-checked=true]');
    if (now && list.current) {
      list.current.scrollLeft = now.offsetLeft - list.current.clientWidth / 2;
    }
  }, [chosen?.selector, versions.length]);
  const order = [...versions].reverse();
  const step = (by: number) => {
    const at = chosen ? order.indexOf(chosen) : 0;
    const to = order[at + by];
    if (to) {
      model.choose(to);
      requestAnimationFrame(() =>
        list.current?.querySelector<HTMLElement>('[aria-checked=true]')?.focus()
      );
    }
  };
  return (
    <div
      ref={list}
      className="e2e-Timeline"
      role="radiogroup"
      aria-label={trans.__('Versions')}
    >
      {order.map(version => (
        <button
          key={version.selector}
          type="button"
          role="radio"
          aria-checked={version === chosen}
          tabIndex={version === chosen ? 0 : -1}
          className="e2e-Version"
          title={[
            version.ref,
            moment(version.time),
            version.author,
            version.message,
            version.change
          ]
            .filter(Boolean)
            .join('\n')}
          onClick={() => model.choose(version)}
          onKeyDown={event => {
            if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
              event.preventDefault();
              step(event.key === 'ArrowRight' ? 1 : -1);
            }
          }}
        >
          <span className="e2e-Version-name">
            v{version.version}
            {version.current && (
              <span className="e2e-Version-current">{trans.__('current')}</span>
            )}
          </span>
          <span className="e2e-mod-secondary e2e-mod-cut">
            {version.change || ago(version.time, trans)}
          </span>
        </button>
      ))}
    </div>
  );
}

const VIEWS: DatasetView[] = ['rows', 'columns', 'changes', 'lineage'];
