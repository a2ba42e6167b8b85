/**
 * What the server answers. These mirror the records of the same name in
 * `e2e_lab/records/`, field by field; a test in `tests/server` compares them.
 */

/** ● clean, • unsaved, ◐ running, ○ nothing yet, ▲ needs you. */
export type RoomState = 'clean' | 'unsaved' | 'running' | 'empty' | 'needs you';

/** One box of the workflow chart; `next` is the next line to type. */
export interface IRoom {
  name: string;
  state: RoomState;
  summary: string;
  next: string | null;
}

/** Where the project stands, what is not safe yet, and the next step. */
export interface IStatus {
  project: string;
  path: string;
  branch: string | null;
  revision: number;
  rooms: IRoom[];
  unsaved: string[];
  disk: number;
  next: string | null;
}

/** A project that was made or completed. */
export interface IInitialised {
  path: string;
  name: string;
  created: string[];
}
