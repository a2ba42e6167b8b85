import { isLine, sentence } from './line';

it.each([
  ['e2e commit -m "what changed"', true],
  ['%e2e keep NAME --model VAR', true],
  ['--as flights_2', true],
  ['/opt/python -m pip install e2e-lab==0.1.0', true],
  ['jupyter kernelspec list', true],
  ['df.index.freq = None', true],
  ['pd.DataFrame(value)', true],
  ['see its log', false],
  ['check who owns /home/ada', false],
  ['free some disk space, then try again', false],
  ['a CSV file has a line of column names first', false],
  ['', false]
])('%j can be typed: %s', (hint, can) => expect(isLine(hint)).toBe(can));

it('makes a sentence of words to a person', () =>
  expect(sentence('see its log')).toBe('See its log.'));
