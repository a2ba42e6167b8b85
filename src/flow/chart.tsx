import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Arrow, Room } from '../components/room';
import { IRoom } from '../types';

/** The order of the boxes, in which every arrow but one leads to a neighbour. */
const ORDER = [
  'Data',
  'Versions',
  'Workspace',
  'Experiments',
  'Models',
  'Service'
];

/** The arrows of the handbook's chart that lead to a box from the one above it. */
const ARROWS: Readonly<Record<string, Arrow>> = {
  'Data Versions': 'follows',
  'Versions Workspace': 'to',
  'Workspace Experiments': 'to',
  'Experiments Models': 'to',
  'Models Service': 'to'
};

/** The handbook's chart in one column, with what is in each box at this moment. */
export function Chart(props: {
  rooms: readonly IRoom[];
  /** The next line to type in the project. */
  next: string | null;
  /** What a click on the name of a room does, where it does something. */
  onOpen: Readonly<Record<string, (() => void) | undefined>>;
  trans: TranslationBundle;
}): React.ReactElement {
  const { next, onOpen, trans } = props;
  const rooms = [...props.rooms].sort((a, b) => place(a) - place(b));
  const step = rooms.find(room => room.next && room.next === next);
  const names = rooms.map(room => room.name);
  const [data, experiments] = [
    names.indexOf('Data'),
    names.indexOf('Experiments')
  ];
  const loop = data === 0 && experiments > 1;
  return (
    <ul
      className={loop ? 'e2e-Chart e2e-mod-loop' : 'e2e-Chart'}
      style={{ '--e2e-reach': experiments } as React.CSSProperties}
      aria-label={trans.__('Rooms')}
    >
      {rooms.map((room, i) => (
        <Room
          key={room.name}
          room={room}
          isNext={room === step}
          arrow={ARROWS[`${names[i - 1]} ${room.name}`] ?? null}
          exchanges={loop && (i === data || i === experiments)}
          onOpen={onOpen[room.name]}
          trans={trans}
        />
      ))}
    </ul>
  );
}

function place(room: IRoom): number {
  const found = ORDER.indexOf(room.name);
  return found < 0 ? ORDER.length : found;
}
