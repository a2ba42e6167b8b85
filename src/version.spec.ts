import { VERSION } from './version';

it('is the version of the package', () => {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- outside of src
  expect(VERSION).toBe(require('../package.json').version);
});
