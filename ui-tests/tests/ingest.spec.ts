import { expect, test } from '@jupyterlab/galata';

import {
  createProject,
  endKernels,
  expectAccessible,
  openNotebook,
  picture,
  REAL
} from './support';

test.use(REAL);

test.afterEach(endKernels);

test('a file becomes a dataset with the mouse alone, without a notebook', async ({
  page
}) => {
  const sidebar = await createProject(page, 'airports');
  await sidebar.getByRole('button', { name: 'Ingest a file…' }).click();
  const dialog = page.getByRole('dialog');
  const files = dialog.locator('.jp-DirListing-item');
  await expect(files.filter({ hasText: 'flights 2013.csv' })).toBeVisible();
  await expect(files.filter({ hasText: 'new.ipynb' })).toBeHidden(); // no table
  await files.filter({ hasText: 'flights 2013.csv' }).click();
  await picture(page, 'ingest');
  await dialog.getByRole('button', { name: 'Select' }).click();
  await expect(dialog.getByRole('textbox')).toHaveValue('flights_2013');
  await expectAccessible(page, '.jp-Dialog');
  await dialog.getByRole('button', { name: 'Ingest' }).click();
  await expect(
    page.locator('.Toastify__toast', { hasText: 'flights_2013@v1' })
  ).toBeVisible({ timeout: 15_000 });
  await expect(
    sidebar.getByRole('option', { name: /^flights_2013/ })
  ).toBeVisible();
});

test('a file becomes a dataset with the keyboard alone, by a cell of the notebook', async ({
  page,
  tmpPath
}) => {
  const sidebar = await createProject(page, tmpPath);
  await openNotebook(page, `${tmpPath}/new.ipynb`);
  const data = page.getByRole('region', { name: 'Data', exact: true });
  await expect(
    data.getByRole('button', { name: 'Load e2e_lab' })
  ).toBeVisible();
  await sidebar.getByRole('button', { name: 'Ingest', exact: true }).focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  const file = dialog.locator('.jp-DirListing-item', { hasText: '2013.csv' });
  await expect(file).toBeVisible();
  await page.keyboard.press('Shift+Tab'); // from Select to Cancel
  await page.keyboard.press('Shift+Tab'); // to the files
  await page.keyboard.press('ArrowDown');
  await expect(file).toHaveClass(/jp-mod-selected/);
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('textbox')).toBeFocused();
  await dialog.getByRole('textbox').fill('flights');
  await page.keyboard.press('Enter');

  const cells = page.locator('.jp-Notebook .jp-CodeCell');
  await expect(cells.nth(0)).toContainText('%load_ext e2e_lab');
  await expect(cells.nth(1)).toContainText(
    "%e2e ingest 'flights 2013.csv' --as flights"
  );
  await expect(cells.nth(1)).toContainText('flights@v1', { timeout: 15_000 });
  await expect(data.getByRole('status')).toContainText('flights@v1');
  await expect(data.getByRole('option', { name: /^flights/ })).toBeVisible();
  await expect(
    page.getByRole('button', { name: 'This cell made flights@v1' })
  ).toBeVisible();
});

test('a folder is gone into, and a file that is no table is refused in words', async ({
  page,
  tmpPath
}) => {
  const sidebar = await createProject(page, tmpPath);
  await page.contents.createDirectory(`${tmpPath}/downloads`);
  const broken = `${tmpPath}/downloads/broken.parquet`;
  await page.contents.uploadContent('not at all', 'text', broken);
  await sidebar.getByRole('button', { name: 'Ingest', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('.jp-DirListing-item', { hasText: 'downloads' }).click();
  await dialog.getByRole('button', { name: 'Select' }).click();
  const file = dialog.locator('.jp-DirListing-item', { hasText: 'broken' });
  await file.click();
  await dialog.getByRole('button', { name: 'Select' }).click();
  await dialog.getByRole('button', { name: 'Ingest' }).click();
  await expect(
    page.locator('.Toastify__toast', { hasText: 'not a Parquet file' })
  ).toBeVisible({ timeout: 15_000 });
});
