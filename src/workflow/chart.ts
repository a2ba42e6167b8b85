/** A box of the handbook's chart, where it stands in the drawing, and the room that is in it here. */
export interface IBox {
  readonly id: string;
  readonly column: number;
  readonly row: number;
  /** A store, as the chart draws it, or something that works. */
  readonly store?: boolean;
  /** The room of the project's status that this box is; none: not a part of e2e-lab projects yet. */
  readonly room?: string;
}

/** A side of a box, and how far from its middle, in pixels. */
export type Port = readonly [side: 'l' | 'r' | 't' | 'b', off?: number];

/** An arrow of the handbook's chart. */
export interface IArrow {
  readonly from: string;
  readonly to: string;
  readonly out: Port;
  readonly in: Port;
  readonly both?: boolean;
  readonly dotted?: boolean;
}

/** The chart "typical end-to-end workflow" of the handbook, laid out so that few arrows cross. */
export const BOXES: readonly IBox[] = [
  { id: 'data', column: 0, row: 0, store: true, room: 'Data' },
  { id: 'versions', column: 1, row: 0, store: true, room: 'Versions' },
  { id: 'workspace', column: 1, row: 1, room: 'Workspace' },
  { id: 'cicd', column: 2, row: 1 },
  { id: 'experiments', column: 1, row: 2, room: 'Experiments' },
  { id: 'tracking', column: 2, row: 2, room: 'Experiments' },
  { id: 'registry', column: 0, row: 3, store: true, room: 'Models' },
  { id: 'containers', column: 3, row: 3, store: true },
  { id: 'serving', column: 1, row: 4, store: true, room: 'Service' },
  { id: 'monitoring', column: 0, row: 4 }
];

export const ARROWS: readonly IArrow[] = [
  {
    from: 'cicd',
    to: 'experiments',
    out: ['l'],
    in: ['r', -20],
    both: true
  },
  { from: 'data', to: 'experiments', out: ['b', 30], in: ['l'], both: true },
  { from: 'data', to: 'registry', out: ['b', -50], in: ['t', -50], both: true },
  {
    from: 'data',
    to: 'versions',
    out: ['r', -8],
    in: ['l', -8],
    both: true,
    dotted: true
  },
  {
    from: 'versions',
    to: 'registry',
    out: ['l', 16],
    in: ['t', 20],
    both: true,
    dotted: true
  },
  { from: 'versions', to: 'workspace', out: ['b'], in: ['t'] },
  { from: 'versions', to: 'containers', out: ['r'], in: ['t'], both: true },
  { from: 'workspace', to: 'experiments', out: ['b'], in: ['t'] },
  { from: 'experiments', to: 'registry', out: ['b', -40], in: ['r', -12] },
  {
    from: 'experiments',
    to: 'containers',
    out: ['b', 40],
    in: ['l'],
    both: true
  },
  { from: 'experiments', to: 'tracking', out: ['r', 10], in: ['l', 10] },
  { from: 'registry', to: 'serving', out: ['r', 12], in: ['t', -40] },
  { from: 'containers', to: 'serving', out: ['b'], in: ['r'], both: true },
  { from: 'serving', to: 'monitoring', out: ['l'], in: ['r'] }
];
