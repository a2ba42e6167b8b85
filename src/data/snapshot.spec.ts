import { frame } from '../testing/data';
import { snapshotLine } from './snapshot';

it.each([
  [{ name: 'df', stage: null }, '%e2e snapshot df'],
  [{ name: 'flights', stage: null }, '%e2e snapshot df --as flights'],
  [
    { name: 'flights', stage: 'raw' },
    '%e2e snapshot df --as flights --stage raw'
  ]
])('%j is said in the line', (said, line) =>
  expect(snapshotLine(frame('df'), said)).toBe(line)
);

it('a name that says little is taken once somebody said it', () => {
  const asked = { ...frame('table'), asks: ['name' as const] };
  const said = { name: 'table', stage: null };
  expect(snapshotLine(asked, said)).toBe('%e2e snapshot table --as table');
});
