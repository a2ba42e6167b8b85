/**
 * A real JupyterLab in the browser that the machine has. Nothing is downloaded.
 */
const galata = require('@jupyterlab/galata/lib/playwright-config');

const url = `http://127.0.0.1:${process.env.E2E_PORT ?? '8899'}`;

module.exports = {
  ...galata,
  testDir: 'tests',
  reporter: [['list']],
  retries: process.env.CI ? 1 : 0,
  workers: 1,
  use: {
    ...galata.use,
    baseURL: url,
    launchOptions: {
      executablePath: process.env.E2E_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync'
      ]
    },
    trace: 'off',
    video: 'off'
  },
  webServer: {
    command: 'jupyter lab --config jupyter_server_test_config.py',
    url: `${url}/lab`,
    timeout: 120_000,
    reuseExistingServer: false,
    gracefulShutdown: { signal: 'SIGTERM', timeout: 10_000 },
    env: { TRAITLETS_APPLICATION_RAISE_CONFIG_FILE_ERROR: '1' }
  }
};
