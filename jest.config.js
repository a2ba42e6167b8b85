const jupyterlab = require('@jupyterlab/testutils/lib/jest-config')(__dirname);

// Packages that ship ES modules only, so that Jest must translate them.
const esModules = [
  '@codemirror',
  '@jupyter/',
  '@jupyterlab/',
  '@microsoft',
  'exenv-es6',
  'lib0',
  'nanoid',
  'vscode-ws-jsonrpc',
  'y-protocols',
  'y-websocket',
  'yjs'
].join('|');

module.exports = {
  ...jupyterlab,
  collectCoverageFrom: ['src/**/*.{ts,tsx}'],
  modulePathIgnorePatterns: ['.venv', 'e2e_lab', 'ui-tests'].map(
    folder => `<rootDir>/${folder}/`
  ),
  reporters: ['default'],
  testRegex: 'src/.*\\.spec\\.tsx?$',
  transformIgnorePatterns: [`/node_modules/(?!${esModules}).+`]
};
