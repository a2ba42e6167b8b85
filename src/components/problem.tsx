import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ApiError } from '../api';
import { Copyable } from './copyable';

/** What went wrong, and the next line to type. */
export function Problem(props: {
  problem: ApiError;
  trans: TranslationBundle;
}): React.ReactElement {
  const { message, hint } = props.problem;
  return (
    <div className="e2e-Problem" role="alert">
      <div>{message}</div>
      {hint && <Copyable text={hint} trans={props.trans} />}
    </div>
  );
}
