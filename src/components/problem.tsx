import * as React from 'react';

import { ApiError } from '../api';
import { Line } from './line';

/** What went wrong, and the next line to type. */
export function Problem(props: { problem: ApiError }): React.ReactElement {
  const { message, hint } = props.problem;
  return (
    <div className="e2e-Problem" role="alert">
      <div>{message}</div>
      {hint && <Line text={hint} />}
    </div>
  );
}
