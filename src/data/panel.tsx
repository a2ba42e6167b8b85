import { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { PartSection } from '../components/section';
import { count } from '../components/words';
import { IDatasetEntry, IFrame } from '../types';
import { Answer } from './answer';
import { Stage } from './datasets';
import { DataModel } from './model';
import { InNotebook } from './notebook';

/** From here on, a box to filter by name helps. */
const MANY = 12;

/** What the panel can have done. */
export interface IDataActions {
  /** Whether the project can be written to. */
  canSnapshot: () => boolean;
  snapshot: (frame: IFrame) => void;
  /** Whether a file can be made a dataset. */
  canIngest: () => boolean;
  ingest: () => void;
  loadLibrary: () => void;
  open: (dataset: IDatasetEntry) => void;
}

/** The section **Data** of the sidebar. */
export class DataPanel extends PartSection<DataModel> {
  constructor(
    model: DataModel,
    private readonly actions: IDataActions,
    private readonly trans: TranslationBundle
  ) {
    super(model, 'e2e-lab-data', trans.__('Data'), 'e2e-DataPanel');
  }

  protected shown(): React.ReactElement {
    const { model, actions, trans } = this;
    return <Data {...{ model, actions, trans }} />;
  }
}

/** What the section shows. */
export function Data(props: {
  model: DataModel;
  actions: IDataActions;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, actions, trans } = props;
  const { phase } = model.watch.state;
  if (phase === 'outside') {
    return (
      <p className="e2e-Hint">
        {trans.__(
          'Datasets are kept in a project; this folder is in none yet.'
        )}
      </p>
    );
  }
  const { answer } = model.state;
  return (
    <>
      <InNotebook
        workspace={model.workspace}
        trans={trans}
        onSnapshot={actions.canSnapshot() ? actions.snapshot : null}
        onLoadLibrary={actions.loadLibrary}
      />
      {answer && (
        <Answer
          answer={answer}
          trans={trans}
          onDismiss={() => model.dismissAnswer()}
        />
      )}
      <Datasets {...props} />
    </>
  );
}

function Datasets(props: {
  model: DataModel;
  actions: IDataActions;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { model, actions, trans } = props;
  const { datasets, match, selected } = model.state;
  if (!datasets) {
    return model.watch.state.problem ? null : (
      <p className="e2e-Hint" aria-busy="true">
        {trans.__('Looking for datasets…')}
      </p>
    );
  }
  if (datasets.length === 0) {
    return (
      <section className="e2e-Section">
        <p className="e2e-Hint">
          {trans.__(
            'No datasets yet. A snapshot keeps a table as a version that can always be loaded again:'
          )}{' '}
          <code>%e2e snapshot df</code>
        </p>
        {actions.canIngest() && (
          <Button
            className={
              model.workspace
                ? 'jp-mod-styled e2e-Section-button'
                : 'jp-mod-styled jp-mod-accept e2e-Section-button'
            }
            title={trans.__('Make a CSV or Parquet file a raw dataset')}
            onClick={actions.ingest}
          >
            {trans.__('Ingest a file…')}
          </Button>
        )}
      </section>
    );
  }
  const stages: [string, string][] = [
    ['raw', trans.__('Raw')],
    ['processed', trans.__('Processed')]
  ];
  const found = stages
    .map(([stage, title]) => ({ title, datasets: model.matching(stage) }))
    .filter(stage => stage.datasets.length > 0);
  return (
    <>
      {datasets.length > MANY && (
        <input
          className="jp-mod-styled e2e-Filter"
          type="search"
          placeholder={trans.__('Filter %1 datasets', count(datasets.length))}
          aria-label={trans.__('Filter datasets by name')}
          value={match}
          onChange={event => (model.match = event.target.value)}
        />
      )}
      {found.length === 0 && (
        <p className="e2e-Hint" role="status">
          {trans.__('No dataset has “%1” in its name.', match)}
        </p>
      )}
      {found.map(stage => (
        <Stage
          key={stage.title}
          {...stage}
          selected={selected}
          trans={trans}
          onSelect={dataset => (model.selected = dataset.name)}
          onOpen={actions.open}
        />
      ))}
    </>
  );
}
