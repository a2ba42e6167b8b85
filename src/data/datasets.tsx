import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Name } from '../components/name';
import { Sign } from '../components/sign';
import { size } from '../components/size';
import { Windowed } from '../components/windowed';
import { ago, count, moment } from '../components/words';
import { IDatasetEntry } from '../types';

/** The height of a dataset in the list, in pixels; `base.css` fits two lines into it. */
const HEIGHT = 42;

/** The datasets of one stage. */
export function Stage(props: {
  title: string;
  datasets: readonly IDatasetEntry[];
  selected: string | null;
  trans: TranslationBundle;
  onSelect: (dataset: IDatasetEntry) => void;
  onOpen: (dataset: IDatasetEntry) => void;
}): React.ReactElement {
  const { title, datasets, trans } = props;
  return (
    <section className="e2e-Section" aria-label={title}>
      <h4 className="e2e-Section-title">
        <span>{title}</span>
        <span className="e2e-Section-count">{count(datasets.length)}</span>
      </h4>
      <Windowed
        label={title}
        items={datasets}
        height={HEIGHT}
        keyOf={dataset => dataset.name}
        selected={props.selected}
        render={dataset => <Row dataset={dataset} trans={trans} />}
        onSelect={props.onSelect}
        onOpen={props.onOpen}
      />
    </section>
  );
}

function Row(props: {
  dataset: IDatasetEntry;
  trans: TranslationBundle;
}): React.ReactElement {
  const { dataset, trans } = props;
  const facts = [
    trans.__('%1 rows', count(dataset.rows)),
    size(dataset.bytes),
    ago(dataset.time, trans)
  ];
  const whole = [
    `${dataset.ref} · ${count(dataset.rows)} × ${count(dataset.columns)}`,
    trans._n('%1 version', '%1 versions', dataset.versions),
    trans.__('%1 bytes', count(dataset.bytes)),
    moment(dataset.time),
    dataset.message ?? '',
    dataset.saved ? '' : trans.__('not committed')
  ].filter(Boolean);
  return (
    <div className="e2e-Dataset" title={whole.join('\n')}>
      <div className="e2e-Dataset-line">
        <Name text={dataset.name} title="" />
        {!dataset.saved && <Sign state="unsaved" trans={trans} />}
        <span className="e2e-Dataset-version">v{dataset.version}</span>
      </div>
      <div className="e2e-mod-secondary e2e-mod-cut">{facts.join(' · ')}</div>
    </div>
  );
}
