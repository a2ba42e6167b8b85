import { Button } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ApiError } from '../api';
import { Problem } from './problem';

/** Outside a project: what one is for, and the button that makes one. */
export function Welcome(props: {
  folder: string;
  creating: boolean;
  refusal: ApiError | null;
  trans: TranslationBundle;
  onCreate: () => void;
}): React.ReactElement {
  const { folder, creating, refusal, trans } = props;
  return (
    <div className="e2e-Welcome">
      <p>
        {trans.__(
          'A project keeps the data, code, runs and models of a folder together, so that every result leads back to what made it.'
        )}
      </p>
      <Button
        className="jp-mod-styled jp-mod-accept"
        disabled={creating}
        onClick={props.onCreate}
        title={trans.__('Make %1 a project', folder || '/')}
      >
        {creating ? trans.__('Creating…') : trans.__('Create a project here')}
      </Button>
      {refusal && <Problem problem={refusal} trans={trans} />}
      <p className="e2e-mod-secondary">
        {trans.__('In a notebook:')} <code>%e2e init</code>
      </p>
    </div>
  );
}
