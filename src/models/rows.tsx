import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Name } from '../components/name';
import { Sign } from '../components/sign';
import { Windowed } from '../components/windowed';
import { ago, count, counted, moment } from '../components/words';
import { IRegisteredVersion, IServiceEntry, RoomState } from '../types';
import { keyOf } from './model';
import { milliseconds } from './words';

/** The height of a row in pixels: two lines, as of a dataset. */
const HEIGHT = 42;

/** One list of the panel, with its title. */
export function Rows<T extends IRegisteredVersion | IServiceEntry>(props: {
  title: string;
  items: readonly T[];
  selected: string | null;
  render: (item: T) => React.ReactNode;
  onSelect: (item: T) => void;
  onOpen: (item: T) => void;
}): React.ReactElement {
  const { title, items } = props;
  return (
    <section className="e2e-Section" aria-label={title}>
      <h4 className="e2e-Section-title">
        <span>{title}</span>
        <span className="e2e-Section-count">{count(items.length)}</span>
      </h4>
      <Windowed
        label={title}
        items={items}
        height={HEIGHT}
        keyOf={keyOf}
        selected={props.selected}
        render={props.render}
        onSelect={props.onSelect}
        onOpen={props.onOpen}
      />
    </section>
  );
}

/** A version of a registered model. */
export function VersionRow(props: {
  version: IRegisteredVersion;
  /** It is being packaged just now. */
  packaging: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { version, packaging, trans } = props;
  const [state, word]: [RoomState, string] = packaging
    ? ['running', trans.__('packaging')]
    : version.package
      ? ['clean', trans.__('packaged')]
      : ['empty', trans.__('not packaged')];
  const data = version.data
    .map(({ name, version }) => (version ? `${name}@v${version}` : name))
    .join(', ');
  const facts = [
    word,
    version.run_name,
    data,
    version.time ? ago(version.time, trans) : ''
  ];
  const whole = [
    [version.ref, ...version.aliases].join(' · '),
    version.package ? trans.__('packaged as %1', version.package) : word,
    trans.__('run %1 (%2)', version.run_name, version.run.slice(0, 8)),
    version.class_name,
    data,
    version.time ? moment(version.time) : ''
  ];
  return (
    <div className="e2e-Dataset" title={whole.filter(Boolean).join('\n')}>
      <div className="e2e-Dataset-line">
        <Sign state={state} word={word} trans={trans} />
        <Name text={version.name} title="" />
        {version.aliases.map(alias => (
          <span key={alias} className="e2e-Alias">
            {alias}
          </span>
        ))}
        <span className="e2e-Dataset-version">v{version.version}</span>
      </div>
      <div className="e2e-Run-facts e2e-mod-secondary e2e-mod-cut">
        {facts.filter(Boolean).join(' · ')}
      </div>
    </div>
  );
}

/** A service that runs, or could. */
export function ServiceRow(props: {
  service: IServiceEntry;
  trans: TranslationBundle;
}): React.ReactElement {
  const { service, trans } = props;
  const [state, word] = standing(service, trans);
  const running = service.state !== 'stopped';
  const facts = [
    service.ref,
    running
      ? counted(
          trans._n('%1 request', '%1 requests', service.requests),
          service.requests
        )
      : trans.__('model %1', service.model),
    service.p50 === null ? '' : milliseconds(service.p50)
  ];
  const whole = [
    `${service.ref} · ${word}`,
    trans.__('model %1', service.model),
    service.url ?? '',
    service.since ? trans.__('since %1', moment(service.since)) : '',
    service.p95 === null
      ? ''
      : trans
          .__(
            'half within %1, 95 %% within %2',
            milliseconds(service.p50 ?? 0),
            milliseconds(service.p95)
          )
          .replace('%%', '%')
  ];
  return (
    <div className="e2e-Dataset" title={whole.filter(Boolean).join('\n')}>
      <div className="e2e-Dataset-line">
        <Sign state={state} word={word} trans={trans} />
        <Name text={service.name} title="" />
        <span className="e2e-Dataset-version">{word}</span>
      </div>
      <div className="e2e-Run-facts e2e-mod-secondary e2e-mod-cut">
        {facts.filter(Boolean).join(' · ')}
      </div>
    </div>
  );
}

/** The shape and the word of a service's state. */
export function standing(
  service: IServiceEntry,
  trans: TranslationBundle
): [RoomState, string] {
  switch (service.state) {
    case 'serving':
      return ['clean', trans.__('serving')];
    case 'unreachable':
      return ['needs you', trans.__('unreachable')];
    case 'stopped':
      return ['empty', trans.__('stopped')];
  }
}
