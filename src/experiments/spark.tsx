import * as React from 'react';

import { ICurve } from '../types';

const WIDTH = 64;
const HEIGHT = 16;

/** A metric's last steps as a small line; the number stands beside it. */
export function Spark(props: { curve: ICurve }): React.ReactElement | null {
  const { values } = props.curve;
  if (values.length < 2) {
    return null;
  }
  const low = Math.min(...values);
  const high = Math.max(...values);
  const x = (i: number) => 1 + (i / (values.length - 1)) * (WIDTH - 2);
  const y = (value: number) =>
    high === low
      ? HEIGHT / 2
      : 1 + ((high - value) / (high - low)) * (HEIGHT - 2);
  const points = values.map((value, i) => `${x(i)},${y(value)}`).join(' ');
  return (
    <svg
      className="e2e-Spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      aria-hidden="true"
    >
      <polyline points={points} />
    </svg>
  );
}
