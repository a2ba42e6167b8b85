import { expect, test } from '@jupyterlab/galata';

import {
  endKernels,
  expectAccessible,
  open,
  openNotebook,
  picture,
  REAL,
  type
} from './support';

test.use(REAL);

test.afterEach(endKernels);

test('the first minute, with the mouse alone', async ({ page }) => {
  const refused: string[] = [];
  page.on('response', answer => {
    if (answer.url().includes('e2e-lab/api') && !answer.ok()) {
      refused.push(answer.url());
    }
  });
  const sidebar = await open(page, 'plain', 300);
  await picture(page, 'first-minute-1-welcome');
  await sidebar.getByRole('button', { name: 'Create a project here' }).click();
  await expect(sidebar.getByRole('list', { name: 'Rooms' })).toBeVisible();

  await openNotebook(page, 'plain/first.ipynb');
  const data = page.getByRole('region', { name: 'Data', exact: true });
  await data.getByRole('button', { name: 'Load e2e_lab' }).click();
  await expect(data.getByText('Tables that a cell makes')).toBeVisible();
  await type(page, 'import pandas as pd\nflights = pd.read_csv("flights.csv")');
  const snapshot = data.getByRole('button', { name: 'Snapshot flights' });
  await expect(data.getByText('400 × 6')).toBeVisible();
  await expectAccessible(page);
  await picture(page, 'first-minute-2-offered');

  await snapshot.click();
  const answer = data.getByRole('status');
  await expect(answer).toContainText('flights@v1');
  await expect(answer).toContainText('just now');
  await expect(answer).toContainText('e2e.load("flights@v1")');
  await expect(answer).toContainText(/\d\skB/);
  await expect(data.getByRole('option', { name: /^flights/ })).toBeVisible();
  await expect(snapshot).toBeHidden(); // it is saved as it is
  await picture(page, 'first-minute-3-saved');

  await type(page, 'flights["late"] = flights["dep_delay"] > 60');
  await expect(data.getByText('changed since flights@v1')).toBeVisible();
  const cells = page.locator('.jp-Notebook .jp-CodeCell');
  const before = await cells.count();
  await snapshot.click();
  await expect(answer).toContainText('flights@v2');
  expect(await cells.count()).toBe(before); // the cell that holds the same line is used again
  await expect(answer).toContainText('+1 column');
  await expect(
    page.getByRole('button', { name: 'This cell made flights@v2' })
  ).toBeVisible();
  await picture(page, 'first-minute-4-changed');
  expect(refused).toEqual([]); // each would be an error in the browser's console
});
