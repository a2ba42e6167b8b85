import {
  expect,
  galata,
  IJupyterLabPageFixture,
  test
} from '@jupyterlab/galata';

import {
  SIDEBAR,
  expectAccessible,
  looks,
  open,
  openNotebook,
  picture,
  run,
  widen
} from './support';

test.use({
  autoGoto: false,
  mockSettings: galata.DEFAULT_SETTINGS,
  viewport: { width: 1280, height: 860 }
});

/** Press the button of the notification that says so. */
async function undo(page: IJupyterLabPageFixture, words: string) {
  await page
    .locator('.Toastify__toast', { hasText: words })
    .getByRole('button', { name: 'Undo' })
    .click();
}

test('the flow of a real project, drawn', async ({ page }) => {
  const sidebar = await open(page, 'flights', 300);
  await expect(sidebar.getByRole('combobox', { name: 'Project' })).toHaveValue(
    'flights'
  );
  await expect(sidebar.getByText('main', { exact: true })).toBeVisible();
  const rooms = sidebar.getByRole('list', { name: 'Rooms' }).locator('li');
  await expect(rooms).toHaveCount(6);
  await expect(rooms.nth(0)).toContainText('3 raw · 1 processed');
  await expect(rooms.nth(0)).toContainText('not committed');
  await expect(rooms.nth(1)).toContainText('clean flights');
  await expect(rooms.nth(5)).toContainText('nothing yet');
  await expectAccessible(page);
  for await (const look of looks(page)) {
    await picture(page, `panels-${look}`, sidebar);
  }

  await widen(page, 300);
  await sidebar.getByRole('button', { name: /whole workflow/ }).click();
  const chart = page.getByRole('list', { name: 'Workflow' });
  await expect(chart.getByRole('listitem')).toHaveCount(10);
  await expect(chart).toContainText('Container Registry');
  await expectAccessible(page, '.e2e-WorkflowTab');
  await picture(page, 'workflow-light');
  await run(page, 'apputils:change-theme', { theme: 'JupyterLab Dark' });
  await page.waitForTimeout(300);
  await picture(page, 'workflow-dark');
});

test('a dataset in its tab', async ({ page }) => {
  const sidebar = await open(page, 'flights', 300);
  const rows = page.waitForResponse(/\/rows\?/);
  await sidebar.getByRole('option', { name: /^flights_clean/ }).click();
  const tab = page.locator('.e2e-DatasetTab');
  await expect(tab.getByRole('heading')).toHaveText('flights_clean@v2');
  await rows;
  const versions = tab.getByRole('radiogroup', { name: 'Versions' });
  await expect(versions.getByRole('radio')).toHaveCount(2);
  await expect(tab.locator('.e2e-Grid')).toBeVisible();
  await expect(tab.getByText('Reading…')).toBeHidden({ timeout: 15_000 });
  await expectAccessible(page, '.e2e-DatasetTab');
  await picture(page, 'dataset-rows-light');

  await tab.getByRole('tab', { name: 'Columns' }).click();
  const columns = tab.getByRole('row');
  await expect(columns).toHaveCount(9);
  await expect(tab.getByRole('img').first()).toBeVisible({ timeout: 15_000 });
  await expect(columns.filter({ hasText: 'carrier' })).toContainText('UA');
  await expectAccessible(page, '.e2e-DatasetTab');
  await picture(page, 'dataset-columns-light');

  await tab.getByRole('tab', { name: 'Changes' }).click();
  await expect(tab.getByText('+ added')).toBeVisible();
  await expectAccessible(page, '.e2e-DatasetTab');
  await picture(page, 'dataset-changes-light');

  await tab.getByRole('tab', { name: 'Lineage' }).click();
  await expect(
    tab.getByRole('listitem').filter({ hasText: 'flights.csv' }).first()
  ).toBeVisible();
  await expectAccessible(page, '.e2e-DatasetTab');
  await picture(page, 'dataset-lineage-light');

  await run(page, 'apputils:change-theme', { theme: 'JupyterLab Dark' });
  for (const view of ['Lineage', 'Columns', 'Rows']) {
    await tab.getByRole('tab', { name: view }).click();
    await page.waitForTimeout(400);
    await picture(page, `dataset-${view.toLowerCase()}-dark`);
  }
});

test('a dataset is renamed, removed and brought back', async ({ page }) => {
  const sidebar = await open(page, 'flights', 300);
  const weather = sidebar.getByRole('option', { name: /^weather/ });
  await weather.click();
  const tab = page.locator('.e2e-DatasetTab');
  await tab.getByRole('button', { name: 'Rename…' }).click();
  await page.getByRole('dialog').getByRole('textbox').fill('wind');
  await page
    .getByRole('dialog')
    .getByRole('button', { name: 'Rename' })
    .click();
  await expect(sidebar.getByRole('option', { name: /^wind/ })).toBeVisible();
  await expect(tab.getByRole('heading')).toHaveText('wind@v1');
  await undo(page, 'is now wind');
  await expect(weather).toBeVisible();

  await weather.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Remove' }).click();
  await expect(weather).toBeHidden();
  await undo(page, 'is no longer in the project');
  await expect(weather).toBeVisible();
});

test('a snapshot made in a notebook appears by itself, and its cell is marked', async ({
  page
}) => {
  const sidebar = await open(page, 'flights', 300);
  await openNotebook(page, 'flights/late.ipynb');
  await run(page, 'notebook:run-all-cells');
  await expect(
    sidebar.getByRole('option', { name: /^late_flights/ })
  ).toBeVisible({ timeout: 15_000 });
  const badge = page.getByRole('button', {
    name: 'This cell made late_flights@v1'
  });
  await expect(badge).toBeVisible();
  await picture(page, 'notebook-light');
  await run(page, 'docmanager:save');
  await open(page, 'flights', 300); // all of the page is new
  await openNotebook(page, 'flights/late.ipynb');
  await expect(badge).toBeVisible();
  await run(page, 'apputils:change-theme', { theme: 'JupyterLab Dark' });
  await badge.click();
  await expect(page.locator('.e2e-DatasetTab').getByRole('heading')).toHaveText(
    'late_flights@v1'
  );
  await run(page, 'docmanager:open', { path: 'flights/late.ipynb' });
  await page.locator('.jp-WindowedPanel-outer').first().hover();
  await page.mouse.wheel(0, -5000);
  await page.waitForTimeout(200);
  await picture(page, 'notebook-dark');
});

test('hidden, the sidebar asks for nothing', async ({ page }) => {
  await open(page, 'flights');
  await expect(page.getByRole('option', { name: /^weather/ })).toBeVisible();
  await page.sidebar.openTab('filebrowser');
  await page.waitForTimeout(300);
  const asked: string[] = [];
  page.on('request', request => {
    if (request.url().includes('e2e-lab/api')) {
      asked.push(request.url());
    }
  });
  await page.waitForTimeout(4000);
  expect(asked).toEqual([]);
});

test('the keyboard creates a project, and the palette opens the sidebar', async ({
  page,
  tmpPath
}) => {
  await page.goto(`tree/${tmpPath}?reset`);
  const sidebar = page.locator(SIDEBAR);
  await expect(sidebar).toBeHidden();
  await run(page, 'e2e-lab:open');
  const button = sidebar.getByRole('button', { name: 'Create a project here' });
  await button.focus();
  await page.keyboard.press('Enter');
  await expect(sidebar.getByRole('list', { name: 'Rooms' })).toBeVisible();
  expect(await page.contents.fileExists(`${tmpPath}/e2e.toml`)).toBe(true);
  await expect(sidebar.getByRole('combobox', { name: 'Project' })).toHaveValue(
    tmpPath
  );
});

test('a dataset is loaded into the notebook, which comes to the front', async ({
  page
}) => {
  const sidebar = await open(page, 'flights', 300);
  await openNotebook(page, 'flights/load.ipynb');
  await sidebar.getByRole('option', { name: /^weather/ }).click();
  const tab = page.locator('.e2e-DatasetTab');
  await tab.getByRole('button', { name: 'Load into notebook' }).click();
  const data = page.getByRole('region', { name: 'Data', exact: true });
  await expect(data.getByText('saved as weather@v1')).toBeVisible({
    timeout: 15_000
  });
  const cells = page.locator('.jp-Notebook:visible .jp-CodeCell');
  await expect(cells.last()).toContainText('%e2e load weather@v1');
});
