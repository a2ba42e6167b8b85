import { IStatus } from '../types';

/** What the server says of a small real project. */
export const STATUS: IStatus = {
  project: 'flights',
  path: '/home/ada/flights',
  branch: 'main',
  revision: 7,
  rooms: [
    {
      name: 'Data',
      state: 'unsaved',
      summary: '2 raw · 1 processed',
      next: 'e2e commit -m "clean flights"'
    },
    { name: 'Service', state: 'empty', summary: 'not serving', next: null }
  ],
  unsaved: ['data/processed/flights_clean.json'],
  disk: 5_312_000,
  next: 'e2e commit -m "clean flights"',
  version: '0.1.0',
  root: '/home/ada',
  folder: 'flights',
  writable: true,
  git: true
};
