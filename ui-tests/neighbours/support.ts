import {
  expect,
  galata,
  IJupyterLabPageFixture,
  test as base
} from '@jupyterlab/galata';

import { Server } from '../tests/server';
import { ALL_REAL } from '../tests/support';

type How = Parameters<typeof Server.start>[0];

const REAL = {
  ...ALL_REAL,
  tmpPath: '',
  viewport: { width: 1280, height: 900 }
};

/**
 * Tests with one Jupyter server for a whole file; `guest`: another browser's page at it; `quiet`: nothing of ours is
 * said to go wrong (others do fail in Notebook 7, for want of parts of JupyterLab).
 */
export function beside(how: How = {}) {
  const test = base.extend<
    { guest: IJupyterLabPageFixture; quiet: void },
    { server: Server }
  >({
    server: [
      // eslint-disable-next-line no-empty-pattern -- Playwright reads the names from it
      async ({}, provide) => {
        const server = await Server.start(how);
        await provide(server);
        await server.remove();
      },
      { scope: 'worker' }
    ],
    baseURL: async ({ server }, provide) => provide(server.url),
    guest: async ({ browser, server, waitForApplication }, provide) => {
      const { page } = await galata.newPage({
        ...REAL,
        ...{ browser, waitForApplication },
        ...{ mockKernels: false, mockSessions: false, mockTerminals: false },
        baseURL: server.url
      });
      await page.setViewportSize({ width: 1280, height: 900 });
      await provide(page);
      await page.context().close();
    },
    quiet: [
      async ({ page }, provide) => {
        const wrong: string[] = [];
        const tell = (text: string) => {
          if (/e2e[-_]lab/.test(text)) {
            wrong.push(text);
          }
        };
        page.on('pageerror', error => tell(error.stack ?? error.message));
        page.on('console', said => {
          if (['error', 'warning'].includes(said.type())) {
            tell(`${said.text()} at ${said.location().url}`);
          }
        });
        await provide();
        expect(wrong).toEqual([]);
      },
      { auto: true }
    ]
  });
  test.use(REAL);
  return test;
}
