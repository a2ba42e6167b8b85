import { TranslationBundle } from '@jupyterlab/translation';

import { IRunEntry, RoomState } from '../types';

/** Names that sound like what a model is judged by, the most telling first. */
const TELLING = [
  'rmse',
  'mae',
  'auc',
  'f1',
  'accuracy',
  'acc',
  'r2',
  'mape',
  'score',
  'loss'
];

/** A number as a table shows it: six digits that count. */
export function figure(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e9)
    ? value.toExponential(3)
    : Number(value.toPrecision(6)).toString();
}

/** The metric that tells most of a run, null where it has none. */
export function telling(run: IRunEntry): [string, number] | null {
  const names = Object.keys(run.metrics);
  const found =
    TELLING.map(word =>
      names.find(name =>
        name
          .toLowerCase()
          .split(/[^a-z0-9]/)
          .includes(word)
      )
    ).find(name => name !== undefined) ?? names[0];
  return found === undefined ? null : [found, run.metrics[found]];
}

/** How long something took or takes: `0.4 s`, `40 s`, `12 min`, `3.5 h`. */
export function duration(seconds: number, trans: TranslationBundle): string {
  if (seconds < 10) {
    return trans.__('%1 s', seconds.toFixed(1));
  }
  if (seconds < 90) {
    return trans.__('%1 s', Math.round(seconds));
  }
  return seconds < 5400
    ? trans.__('%1 min', Math.round(seconds / 60))
    : trans.__('%1 h', (seconds / 3600).toFixed(1));
}

/** How a run stands, as a sign. */
export function standing(status: string): RoomState {
  switch (status) {
    case 'finished':
      return 'clean';
    case 'running':
    case 'scheduled':
      return 'running';
    default:
      return 'needs you';
  }
}

/** How a run stands, in a word. */
export function statusWord(status: string, trans: TranslationBundle): string {
  switch (status) {
    case 'finished':
      return trans.__('finished');
    case 'running':
      return trans.__('running');
    case 'failed':
      return trans.__('failed');
    case 'killed':
      return trans.__('killed');
    default:
      return status;
  }
}
