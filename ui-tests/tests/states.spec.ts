import { expect, test } from '@jupyterlab/galata';

import {
  endKernels,
  expectAccessible,
  looks,
  open,
  openNotebook,
  picture,
  pictures,
  REAL,
  run,
  SIDEBAR,
  type
} from './support';

test.use({
  ...REAL,
  viewport: { width: 1100, height: 900 }
});

test.afterEach(endKernels);

/** A state of a project, and what its picture waits for. */
const PROJECTS: [name: string, project: string, sign: string | RegExp][] = [
  ['empty', 'empty', 'No datasets yet.'],
  ['no-git', 'nogit', 'There is no git here'],
  ['thousand', 'many', 'sensor_0001'],
  ['names', 'flights', 'arrivals_and']
];

test('projects in every state', async ({ page }) => {
  const sidebar = await open(page, 'plain');
  const project = sidebar.getByRole('combobox', { name: 'Project' });
  for await (const look of looks(page)) {
    for (const [name, folder, sign] of PROJECTS) {
      await project.selectOption(folder);
      await expect(sidebar.getByText(sign).first()).toBeVisible({
        timeout: 30_000
      });
      await picture(page, `state-${name}-${look}`, sidebar);
      if (look === '240-light' || look === '400-dark') {
        await expectAccessible(page);
      }
    }
  }
});

test('no project', async ({ page, tmpPath }) => {
  const sidebar = await open(page, tmpPath);
  await expect(
    sidebar.getByRole('button', { name: 'Create a project here' })
  ).toBeVisible();
  await expectAccessible(page);
  await pictures(page, 'state-no-project');
});

test('a project that nobody may write to', async ({ page }) => {
  const sidebar = await open(page, 'readonly');
  await expect(sidebar.getByText('This project is read-only')).toBeVisible();
  await expect(sidebar.getByRole('button', { name: 'Ingest' })).toBeHidden();
  await expect(sidebar.getByText('Next:')).toHaveCount(0);
  await expectAccessible(page);
  await pictures(page, 'state-read-only');

  await sidebar.getByRole('option', { name: /^flights_clean/ }).click();
  const tab = page.locator('.e2e-DatasetTab');
  await expect(tab.getByText('Reading…')).toBeHidden({ timeout: 15_000 });
  await expect(tab.getByRole('alert')).toBeHidden();
  await tab.getByRole('tab', { name: 'Columns' }).click();
  await expect(tab.getByRole('img').first()).toBeVisible({ timeout: 15_000 });
  const offered = tab.getByRole('toolbar').getByRole('button');
  await expect(offered).toHaveText(['']); // copies the line that loads it; nothing that could not be done
  await openNotebook(page, 'readonly/work.ipynb');
  const data = page.getByRole('region', { name: 'Data', exact: true });
  await data.getByRole('button', { name: 'Load e2e_lab' }).click();
  await type(page, 'weather = e2e.load("weather")');
  await type(page, 'weather["wind"] *= 2');
  await expect(data.getByText('changed since weather@v1')).toBeVisible();
  await expect(data.getByRole('button', { name: /^Snapshot/ })).toBeHidden();
});

test('notebooks in every state', async ({ page }) => {
  const sidebar = await open(page, 'flights');
  const data = page.getByRole('region', { name: 'Data', exact: true });
  await openNotebook(page, 'flights/work.ipynb');
  await expect(data.getByText('load e2e_lab into this notebook')).toBeVisible();
  await pictures(page, 'state-not-loaded');

  await data.getByRole('button', { name: 'Load e2e_lab' }).click();
  await type(
    page,
    'import e2e_lab as e2e, time\nflights = e2e.load("flights")\nlate = flights.query("dep_delay > 60")'
  );
  await expect(data.getByText('saved as flights@v2')).toBeVisible({
    timeout: 15_000
  });
  await expect(sidebar.getByText('work.ipynb · not saved')).toBeVisible();
  await expectAccessible(page);
  await pictures(page, 'state-unsaved');

  const busy = type(page, 'early = late.head()\ntime.sleep(6)');
  await expect(
    data.getByText('A cell runs; these are from before it')
  ).toBeVisible();
  await pictures(page, 'state-busy');
  await busy;

  await run(page, 'kernelmenu:shutdown');
  await expect(data.getByText('No kernel runs')).toBeVisible();
  await pictures(page, 'state-no-kernel');
});

test('a kernel without the library, told before anything runs', async ({
  page
}) => {
  const sidebar = await open(page, 'flights');
  const data = page.getByRole('region', { name: 'Data', exact: true });
  await openNotebook(page, 'flights/bare.ipynb');
  const alert = data.getByRole('alert');
  await expect(alert).toContainText(
    /\.bare.*python.* -m pip install e2e-lab==/
  );
  await expect(alert.getByRole('button', { name: /^Copy/ })).toBeVisible();
  await expectAccessible(page);
  await pictures(page, 'state-no-library');
  await expect(sidebar.getByText('needs you')).toBeAttached();
});

test('a kernel with another version of the library', async ({ page }) => {
  const sidebar = await open(page, 'flights');
  const data = page.getByRole('region', { name: 'Data', exact: true });
  await openNotebook(page, 'flights/older.ipynb');
  await data.getByRole('button', { name: 'Load e2e_lab' }).click();
  const note = sidebar.getByRole('note');
  await expect(note).toContainText(
    'The kernel has e2e-lab 0.0.9, this page 0.1.0'
  );
  await expect(note).toContainText('%pip install e2e-lab==0.1.0');
  await expect(sidebar.getByText('needs you')).toBeAttached();
});

test('a thousand datasets stay smooth', async ({ page }) => {
  const sidebar = await open(page, 'many');
  const list = sidebar.getByRole('listbox', { name: 'Raw' });
  await expect(list.getByRole('option').first()).toBeVisible();
  expect(await list.getByRole('option').count()).toBeLessThan(80);

  await list.focus();
  await page.keyboard.press('End');
  await expect(sidebar.getByText('sensor_0599')).toBeVisible();
  await page.keyboard.press('Home');
  await sidebar.getByRole('searchbox').fill('_0123');
  await expect(list.getByRole('option')).toHaveCount(1);
  await sidebar.getByRole('searchbox').fill('nothing like it');
  await expect(sidebar.getByText('No dataset has')).toBeVisible();
  await expect(page.locator(SIDEBAR)).toBeVisible();
});
