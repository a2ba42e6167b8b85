import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRoom } from '../types';
import { Line } from './line';
import { Sign } from './sign';

/** One box of the chart: its sign, name and summary, and below it what to type next. */
export function Room(props: {
  room: IRoom;
  /** Whether its next step is the project's. */
  isNext: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { room, isNext, trans } = props;
  return (
    <li className="e2e-Room">
      <Sign state={room.state} trans={trans} />
      <div className="e2e-Room-line">
        <span className="e2e-Room-name">{room.name}</span>
        <span className="e2e-Room-summary" title={room.summary}>
          {room.summary}
        </span>
      </div>
      {room.next && (
        <div
          className="e2e-Room-next"
          aria-current={isNext ? 'step' : undefined}
        >
          <span className={isNext ? undefined : 'e2e-mod-spoken'}>
            {trans.__('Next:')}{' '}
          </span>
          <Line text={room.next} />
        </div>
      )}
    </li>
  );
}
