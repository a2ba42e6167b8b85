import { expect, test } from '@jupyterlab/galata';

import {
  createProject,
  endKernels,
  expectAccessible,
  openNotebook,
  picture,
  REAL,
  run,
  wear
} from './support';

test.use(REAL);

test.afterEach(endKernels);

test('the buttons of the status card do what they say', async ({ page }) => {
  const sidebar = await createProject(page, 'delays', [
    '%load_ext e2e_lab',
    'import pandas as pd\nflights = pd.read_csv("flights 2013.csv")',
    '%e2e'
  ]);
  await openNotebook(page, 'delays/new.ipynb');
  await run(page, 'notebook:run-all-cells');
  const card = page.locator('.jp-Notebook .jp-CodeCell').last();
  const buttons = card.locator('.jupyter-widgets');
  const snapshot = buttons.getByRole('button', { name: 'Snapshot flights' });
  await expect(snapshot).toBeVisible({ timeout: 15_000 });
  await expectAccessible(page, '.jp-OutputArea-output .jupyter-widgets');
  await picture(page, 'card-light');

  await snapshot.click();
  await expect(card).toContainText('flights@v1', { timeout: 15_000 });
  await expect(snapshot).toBeHidden(); // there is nothing more to save
  const data = page.getByRole('region', { name: 'Data', exact: true });
  const row = data.getByRole('option', { name: /^flights/ });
  await expect(row).toContainText('not committed');
  await expect(data.getByText('saved as flights@v1')).toBeVisible();

  await buttons.getByRole('button', { name: 'Commit' }).click();
  await expect(card).toContainText('Say beside the button what changed');
  await card.getByPlaceholder('what changed').fill('flights of 2013');
  await card.getByPlaceholder('what changed').press('Tab');
  await buttons.getByRole('button', { name: 'Commit' }).click();
  await expect(card).toContainText('flights of 2013', { timeout: 15_000 });
  await expect(row).not.toContainText('not committed', { timeout: 15_000 });
  const versions = sidebar.locator('[data-room="Versions"]');
  await expect(versions).toContainText('“flights of 2013”');
  await wear(page, 'dark');
  await picture(page, 'card-dark');

  await buttons.getByRole('button', { name: 'Refresh' }).click();
  await expect(card).toContainText('no runs yet', { timeout: 15_000 });
});
