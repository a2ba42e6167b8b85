/**
 * JupyterLab with jupyterlab-git and jupyter-collaboration, and Notebook 7: the versions in
 * requirements/neighbours.txt. Each spec starts the server that it looks at.
 */
const { webServer, ...alone } = require('../playwright.config');

module.exports = {
  ...alone,
  testDir: '.',
  outputDir: '../test-results/neighbours',
  timeout: 150_000,
  expect: { timeout: 30_000 },
  use: { ...alone.use, actionTimeout: 30_000 }
};
