import { expect, test as base } from '@jupyterlab/galata';

import { Server } from './server';
import {
  ALL_REAL,
  expectAccessible,
  open,
  openNotebook,
  picture,
  pictures,
  wear,
  widen
} from './support';

/** Tests with a Jupyter server of their own. */
const test = base.extend<{ other: boolean; server: Server }>({
  other: [false, { option: true }],
  server: async ({ other }, provide) => {
    const server = await Server.start({ other });
    await provide(server);
    await server.remove();
  },
  baseURL: async ({ server }, provide) => provide(server.url)
});

test.use({
  ...ALL_REAL, // galata stands before what it mocks, and fails where the server is gone
  mockSettings: false,
  viewport: { width: 1100, height: 900 }
});

test('a server that ends, and comes back', async ({ page, server }) => {
  test.setTimeout(150_000); // a Jupyter server begins three times
  const sidebar = await open(page, 'flights');
  const rooms = sidebar.getByRole('list', { name: 'Rooms' }).locator('li');
  await expect(rooms).toHaveCount(6);

  const alert = sidebar.getByRole('alert');
  const dialog = page.getByRole('dialog', { name: /Server Connection Error/ });
  await page.addLocatorHandler(dialog, async () => {
    await dialog.getByRole('checkbox').check(); // JupyterLab says it too, some time, over all of the page
    await dialog.getByRole('button', { name: 'Close' }).click();
  });
  for (const theme of ['light', 'dark'] as const) {
    await wear(page, theme); // the theme's files are the server's, too
    await server.stop();
    await expect(alert).toContainText('does not answer', { timeout: 15_000 });
    await expect(rooms).toHaveCount(6); // what was known stays
    await expectAccessible(page);
    for (const width of [240, 400]) {
      await widen(page, width);
      await picture(page, `state-lost-server-${width}-${theme}`, sidebar);
    }
    await server.start();
    await expect(alert).toBeHidden({ timeout: 30_000 });
  }
  await sidebar.getByRole('option', { name: /^weather/ }).click();
  await expect(page.locator('.e2e-DatasetTab').getByRole('heading')).toHaveText(
    'weather@v1'
  );
});

test.describe('another version', () => {
  test.use({ other: true });

  test('of the server and its kernels is named, with the lines to type', async ({
    page
  }) => {
    const sidebar = await open(page, 'flights');
    const data = page.getByRole('region', { name: 'Data', exact: true });
    const notes = sidebar.getByRole('note');
    await expect(notes).toContainText(
      'This page runs e2e-lab 0.1.0, the server 0.0.9'
    );
    await openNotebook(page, 'flights/work.ipynb');
    await data.getByRole('button', { name: 'Load e2e_lab' }).click();
    await expect(notes).toHaveCount(2);
    await expect(notes.nth(1)).toContainText('The kernel has e2e-lab 0.0.9');
    await expectAccessible(page);
    await pictures(page, 'state-mismatch');
  });
});
