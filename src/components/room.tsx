import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRoom } from '../types';
import { Copyable } from './copyable';
import { Sign } from './sign';
import { unbroken } from './words';

/** How a box hangs on the one above it: both follow each other, or it is fed by it. */
export type Arrow = 'follows' | 'to';

/** One box of the chart: its sign, name and summary, and below it what to type next. */
export function Room(props: {
  room: IRoom;
  /** Whether its next step is the project's. */
  isNext: boolean;
  arrow?: Arrow | null;
  /** Whether it is an end of the arrow that passes by other boxes. */
  exchanges?: boolean;
  onOpen?: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { room, isNext, arrow, exchanges, onOpen, trans } = props;
  const name = roomName(room.name, trans);
  return (
    <li
      className={exchanges ? 'e2e-Room e2e-mod-exchanges' : 'e2e-Room'}
      data-room={room.name}
      data-next={isNext || undefined}
    >
      {arrow && <ArrowMark arrow={arrow} />}
      <Sign state={room.state} trans={trans} />
      <div className="e2e-Room-line">
        {onOpen ? (
          <button type="button" className="e2e-Room-name" onClick={onOpen}>
            {name}
          </button>
        ) : (
          <span className="e2e-Room-name">{name}</span>
        )}
        <span className="e2e-Room-summary" title={room.summary}>
          {unbroken(room.summary)}
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
          <Copyable text={room.next} trans={trans} />
        </div>
      )}
    </li>
  );
}

function ArrowMark(props: { arrow: Arrow }): React.ReactElement {
  const both = props.arrow === 'follows';
  return (
    <svg
      className="e2e-Room-arrow"
      viewBox="0 0 10 12"
      width="10"
      height="12"
      aria-hidden="true"
    >
      <path
        d={both ? 'M5 3v6' : 'M5 0v9'}
        strokeDasharray={both ? '2 2' : undefined}
      />
      <path d="M2 7.5 5 12l3-4.5z" className="e2e-mod-filled" />
      {both && <path d="M2 4.5 5 0l3 4.5z" className="e2e-mod-filled" />}
    </svg>
  );
}

/** A room's name in the reader's language. */
export function roomName(name: string, trans: TranslationBundle): string {
  switch (name) {
    case 'Data':
      return trans.__('Data');
    case 'Versions':
      return trans.__('Versions');
    case 'Workspace':
      return trans.__('Workspace');
    case 'Experiments':
      return trans.__('Experiments');
    case 'Models':
      return trans.__('Models');
    case 'Service':
      return trans.__('Service');
    default:
      return name;
  }
}
