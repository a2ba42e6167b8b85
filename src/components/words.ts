import { TranslationBundle } from '@jupyterlab/translation';

/** A number as people read it: `336,776`. */
export function count(n: number): string {
  return n.toLocaleString('en');
}

/** What `_n` said of a number, with the number as {@link count} writes it. */
export function counted(said: string, n: number): string {
  return said.replace(String(n), count(n));
}

/** In seconds. */
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, in the words of `records.age`: `just now`, `12 min ago`, `2 h ago`. */
export function ago(
  time: string,
  trans: TranslationBundle,
  now = Date.now()
): string {
  const seconds = (now - Date.parse(time)) / 1000;
  if (Number.isNaN(seconds)) {
    return '';
  }
  if (seconds < 10) {
    return trans.__('just now');
  }
  if (seconds < 90) {
    return trans.__('%1 s ago', Math.round(seconds));
  }
  if (seconds < 90 * MINUTE) {
    return trans.__('%1 min ago', Math.round(seconds / MINUTE));
  }
  if (seconds < 36 * HOUR) {
    return trans.__('%1 h ago', Math.round(seconds / HOUR));
  }
  return seconds < 60 * DAY
    ? trans.__('%1 days ago', Math.round(seconds / DAY))
    : new Date(time).toLocaleDateString('sv'); // as 2026-11-22
}

/** A moment in full, for a tooltip. */
export function moment(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : date.toLocaleString();
}

/** Longer than this, a fact may be broken over two lines. */
const SHORT = 20;

/** A summary whose lines break between its facts. */
export function unbroken(summary: string): string {
  return summary
    .split(' · ')
    .map(fact => (fact.length > SHORT ? fact : fact.replace(/ /g, '\u00a0')))
    .join('\u00a0· ');
}
