import { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Copyable } from '../components/copyable';
import { DatasetActions, ITarget } from './actions';
import { DatasetModel } from './model';

/** What can be done with the version that is looked at. */
export function Buttons(props: {
  model: DatasetModel;
  actions: DatasetActions;
  writable: boolean;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { model, actions, writable, trans } = props;
  const { name, version, versions } = model.state;
  if (!version) {
    return null;
  }
  const target: ITarget = {
    folder: model.folder,
    name,
    selector: version.selector
  };
  const removed = !versions?.some(({ current }) => current);
  return (
    <div
      className="e2e-Buttons"
      role="toolbar"
      aria-label={trans.__('Dataset')}
    >
      {actions.canLoad ? (
        <Button
          className="jp-mod-styled jp-mod-accept"
          title={trans.__('Insert and run a cell in the current notebook')}
          onClick={() => void actions.load(target)}
        >
          {trans.__('Load into notebook')}
        </Button>
      ) : (
        <Copyable text={`e2e.load("${version.ref}")`} trans={trans} />
      )}
      {writable && (
        <Plain
          label={trans.__('Export…')}
          onClick={() => void actions.export(target)}
        />
      )}
      {writable && (!version.current || removed) && (
        <Plain
          label={trans.__('Restore v%1', version.version)}
          onClick={() => void actions.restore(target)}
        />
      )}
      {writable && !removed && (
        <>
          <Plain
            label={trans.__('Rename…')}
            onClick={() => void actions.rename(target)}
          />
          <Plain
            label={trans.__('Remove')}
            onClick={() => void actions.remove(target)}
          />
        </>
      )}
    </div>
  );
}

function Plain(props: {
  label: string;
  onClick: () => void;
}): React.ReactElement {
  return (
    <Button className="jp-mod-styled" onClick={props.onClick}>
      {props.label}
    </Button>
  );
}
