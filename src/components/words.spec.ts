import { nullTranslator } from '@jupyterlab/translation';

import { ago, count, counted, unbroken } from './words';

const trans = nullTranslator.load('e2e_lab');
const NOW = Date.parse('2026-11-22T12:00:00Z');

it.each([
  ['2026-11-22T11:59:55Z', 'just now'],
  ['2026-11-22T11:59:00Z', '60 s ago'],
  ['2026-11-22T11:48:00Z', '12 min ago'],
  ['2026-11-22T10:00:00Z', '2 h ago'],
  ['2026-11-19T12:00:00Z', '3 days ago'],
  ['2025-11-22T12:00:00Z', '2025-11-22'],
  ['nonsense', '']
])('%s was %s', (time, words) => expect(ago(time, trans, NOW)).toBe(words));

it('parts the thousands', () => {
  expect(count(336776)).toBe('336,776');
  expect(counted(trans._n('%1 run', '%1 runs', 10001), 10001)).toBe(
    '10,001 runs'
  );
});

it('breaks the facts of a summary only between them, but for long ones', () => {
  const long = 'arrivals_of_all_airports@v2 not committed';
  expect(unbroken(`3 raw · ${long}`)).toBe(`3\u00a0raw\u00a0· ${long}`);
});
