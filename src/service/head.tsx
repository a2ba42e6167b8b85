import { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Name } from '../components/name';
import { Problem } from '../components/problem';
import { Sign } from '../components/sign';
import { Views } from '../components/views';
import { ago, moment } from '../components/words';
import { replayed } from '../models/panel';
import { standing } from '../models/rows';
import { milliseconds } from '../models/words';
import { IServiceEntry } from '../types';
import { ServiceModel, ServiceView } from './model';

/** What can be done with a service. */
export interface IServiceActions {
  /** Whether the project can be written to. */
  canChange: () => boolean;
  serve: (folder: string, ref: string, instead: string | null) => void;
  stop: (folder: string, name: string) => Promise<void>;
}

/** The top of a service's tab: what runs, since when and how, and the views of it. */
export function ServiceHead(props: {
  model: ServiceModel;
  actions: IServiceActions;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, actions, trans } = props;
  const { service, problem } = model.state;
  return (
    <>
      <div className="e2e-Tab-title">
        <h2>
          <Name text={service?.ref ?? model.at.name} />
        </h2>
        {service && <Facts service={service} trans={trans} />}
      </div>
      {service && actions.canChange() && (
        <Buttons {...props} service={service} />
      )}
      {problem && (
        <Problem
          problem={problem}
          onRetry={() => void model.look()}
          trans={trans}
        />
      )}
      <Views
        views={VIEWS}
        view={model.state.view}
        name={view => viewName(view, trans)}
        onView={view => (model.view = view)}
        trans={trans}
      />
    </>
  );
}

function Facts(props: {
  service: IServiceEntry;
  trans: TranslationBundle;
}): React.ReactElement {
  const { service, trans } = props;
  const [state, word] = standing(service, trans);
  const { p50, since, url } = service;
  const facts = [
    trans.__('model %1', service.model),
    url ?? '',
    since ? trans.__('since %1', ago(since, trans)) : '',
    url ? trans._n('%1 request', '%1 requests', service.requests) : '',
    p50 === null ? '' : trans.__('half within %1', milliseconds(p50)),
    replayed(service.package, trans)
  ].filter(Boolean);
  return (
    <>
      <span className="e2e-State">
        <Sign state={state} word={word} trans={trans} />
        <span aria-hidden="true">{word}</span>
      </span>
      <span
        className="e2e-mod-secondary"
        title={[...facts, since ? moment(since) : ''].join('\n')}
      >
        {facts.join(' · ')}
      </span>
    </>
  );
}

function Buttons(props: {
  model: ServiceModel;
  actions: IServiceActions;
  service: IServiceEntry;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, actions, service, trans } = props;
  const { folder, name } = model.at;
  const [stopping, setStopping] = React.useState(false);
  const newer = service.newest !== service.ref;
  return (
    <div
      className="e2e-Buttons"
      role="toolbar"
      aria-label={trans.__('Service')}
    >
      {service.state === 'stopped' ? (
        <Button
          className="jp-mod-styled jp-mod-accept"
          title={trans.__('Serve it on this machine, for who has its token')}
          onClick={() => actions.serve(folder, service.ref, null)}
        >
          {trans.__('Serve')}
        </Button>
      ) : (
        <Button
          className="jp-mod-styled"
          disabled={stopping}
          title={trans.__('End the process of this service')}
          onClick={() => {
            setStopping(true);
            void actions.stop(folder, name).then(() => setStopping(false));
          }}
        >
          {stopping ? trans.__('Stopping…') : trans.__('Stop')}
        </Button>
      )}
      {service.state !== 'stopped' && newer && (
        <Button
          className="jp-mod-styled"
          title={trans.__('Serve it in the place of %1', service.ref)}
          onClick={() => actions.serve(folder, service.newest, service.ref)}
        >
          {trans.__('Serve %1 instead', service.newest)}
        </Button>
      )}
    </div>
  );
}

const VIEWS: ServiceView[] = ['try', 'requests', 'code', 'log'];

/** A view's name in the reader's language. */
export function viewName(view: ServiceView, trans: TranslationBundle): string {
  switch (view) {
    case 'try':
      return trans.__('Try it');
    case 'requests':
      return trans.__('Requests');
    case 'code':
      return trans.__('Code');
    case 'log':
      return trans.__('Log');
  }
}
