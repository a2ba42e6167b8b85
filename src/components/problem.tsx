import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ApiError } from '../api';
import { Copyable } from './copyable';
import { isLine, sentence } from './line';

/** What went wrong, and the next line to type. */
export function Problem(props: {
  problem: ApiError;
  /** Where it helps to try the same again. */
  onRetry?: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { onRetry, trans } = props;
  const { message, hint } = props.problem;
  return (
    <div className="e2e-Problem" role="alert">
      <div>{message}</div>
      {isLine(hint) ? (
        <Copyable text={hint} trans={trans} />
      ) : (
        hint && <div>{sentence(hint)}</div>
      )}
      {onRetry && (
        <button type="button" className="e2e-Retry" onClick={onRetry}>
          {trans.__('Retry')}
        </button>
      )}
    </div>
  );
}
