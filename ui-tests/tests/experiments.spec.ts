import { expect, IJupyterLabPageFixture, test } from '@jupyterlab/galata';
import { Locator } from '@playwright/test';

import {
  createProject,
  endKernels,
  expectAccessible,
  looks,
  openNotebook,
  picture,
  REAL,
  run,
  SIDEBAR,
  type,
  wear,
  widen
} from './support';

test.use({
  ...REAL,
  viewport: { width: 1280, height: 900 },
  actionTimeout: 15_000
});

test.afterEach(endKernels);
test.setTimeout(240_000);

const FIT = `import pandas as pd
from sklearn.linear_model import Ridge
table = pd.DataFrame({"hour": [1.0, 2.0, 3.0, 4.0], "wind": [3.0, 1.0, 2.0, 5.0]})
delay = pd.Series([2.0, 4.0, 7.0, 9.0], name="delay")
ridge = Ridge(alpha=0.5).fit(table, delay)
rmse = float(((ridge.predict(table) - delay) ** 2).mean() ** 0.5)`;

const LIVE = `%%e2e run deeper -p depth=16
import time
for step in range(200):
    e2e.log_metric("loss", 1 / (1 + step), step=step)
    if step > 20:
        time.sleep(0.1)
e2e.log_metric("rmse", 0.2)`;

const MANY = `for depth in (2, 4, 8):
    with e2e.run(f"depth {depth}", params={"depth": depth, "kind": "deep" if depth > 3 else "flat"}):
        for step in range(30):
            e2e.log_metric("loss", 1 / (depth + step), step=step)
        e2e.log_metric("rmse", 1 / depth)`;

test('fit, keep, a run that goes on, the table, two compared, registered: by mouse', async ({
  page
}) => {
  const sidebar = await createProject(page, 'experiments');
  await page.contents.deleteFile('experiments/new.ipynb');
  await page.contents.uploadContent(
    JSON.stringify({
      cells: [],
      metadata: {
        kernelspec: { name: 'python3', display_name: 'Python 3' }
      },
      ...{ nbformat: 4, nbformat_minor: 5 }
    }),
    'text',
    'experiments/fit.ipynb'
  );
  await openNotebook(page, 'experiments/fit.ipynb');
  await unfold(sidebar, 'Experiments');
  await fold(sidebar, 'Data');
  const panel = sidebar.getByRole('region', {
    name: 'Experiments',
    exact: true
  });
  await expect(panel).toContainText('%%e2e run first');
  await type(page, '%load_ext e2e_lab');
  await type(page, FIT);

  // Keep, with the mouse alone.
  const keep = panel.getByRole('button', { name: 'Keep ridge' });
  await expect(keep).toBeVisible({ timeout: 60_000 });
  await picture(page, 'experiments-1-fitted');
  await keep.click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Name of the run')).toHaveValue('ridge');
  await expect(dialog.locator('code')).toHaveText(
    '%e2e keep ridge --model ridge --X table --y delay rmse=rmse'
  );
  await expectAccessible(page, '.jp-Dialog-content');
  await picture(page, 'experiments-2-keep');
  await dialog.getByRole('button', { name: 'Keep' }).click();
  await expect(page.locator('.jp-Notebook')).toContainText(
    '%e2e keep ridge --model ridge --X table --y delay rmse=rmse'
  );
  const mine = panel.getByRole('listbox', { name: 'Runs of this notebook' });
  const kept = mine.getByRole('option', { name: /^finished ridge/ });
  await expect(kept).toBeVisible({ timeout: 60_000 });
  await expect(panel).toContainText('kept as ridge');

  // A live run comes first, with its metric.
  await type(page, MANY);
  await expect(mine.getByRole('option')).toHaveCount(4, { timeout: 60_000 });
  const running = page.evaluate(() => undefined).then(() => type(page, LIVE));
  const first = mine.getByRole('option').first();
  await expect(first).toContainText(/deeper/, { timeout: 30_000 });
  await expect(first.locator('.e2e-Spark')).toBeVisible({ timeout: 30_000 });
  await expect(first).toContainText(/loss 0\.\d+/);
  await expect(page.locator('.e2e-live')).toContainText('loss');
  await picture(page, 'experiments-3-live');
  const before = await first.locator('.e2e-Run-metric').textContent();
  await expect(first.locator('.e2e-Run-metric')).not.toHaveText(before ?? '');
  await expectAccessible(page);
  for await (const look of looks(page)) {
    await picture(page, `experiments-${look}`, page.locator(SIDEBAR));
  }
  await widen(page, 300);
  await running;
  await expect(first).toContainText('rmse 0.2', { timeout: 60_000 });
  await expect(first.locator('.e2e-Spark')).toBeHidden();
  await expect(page.locator('.e2e-live')).toBeHidden();
  const badge = page.getByRole('button', { name: /^This cell made deeper/ });
  await expect(badge).toBeVisible();
  await picture(page, 'experiments-4-made');

  // A row opens the run.
  await first.click();
  const opened = page.getByRole('region', { name: 'deeper' });
  await expect(opened).toContainText('depth');
  await expect(opened.locator('.e2e-Vega svg').first()).toBeVisible();
  await expect(opened).toContainText('for step in range(200)');
  await expectAccessible(page, '.e2e-RunTab');
  await picture(page, 'experiments-run-light');
  await wear(page, 'dark');
  await page.waitForTimeout(500);
  await picture(page, 'experiments-run-dark');
  await wear(page, 'light');

  // The table: filter, sort, choose two, compare.
  await sidebar.getByRole('button', { name: /Show all runs/ }).click();
  const table = page.locator('.e2e-RunTable');
  await expect(table).toContainText('5 runs');
  await picture(page, 'experiments-table-all');
  await table.getByLabel('Filter runs').fill('loss<0.5 depth');
  await expect(table).toContainText('3 runs');
  await table.getByLabel('Filter runs').fill('rmse>9');
  await expect(table).toContainText('No run fits');
  await table.getByLabel('Filter runs').fill('depth>1');
  await expect(table).toContainText('4 runs');
  await table
    .getByLabel('Sort by', { exact: true })
    .selectOption('metric.rmse');
  const direction = table.getByRole('button', { name: /^Sorted from/ });
  await expect(direction).toHaveText('↑');
  await clickHead(page, 430);
  await expect(direction).toHaveText('↓');
  await clickHead(page, 430);
  await expect(direction).toHaveText('↑');
  await clickRow(page, 0);
  await expect(table).toContainText('1 of 4 chosen');
  await clickRow(page, 1, ['Control']);
  await expect(table).toContainText('2 of 4 chosen');
  await expectAccessible(page, '.e2e-RunTable');
  await picture(page, 'experiments-table-light');
  await table.getByRole('button', { name: 'Compare' }).click();
  const compared = page.getByRole('region', { name: '2 runs compared' });
  // By rmse upwards: depth 8 has 1/8, deeper 0.2.
  await expect(compared.getByRole('columnheader').nth(0)).toContainText(
    'depth 8'
  );
  await expect(compared.getByRole('columnheader').nth(1)).toContainText(
    'deeper'
  );
  await expect(compared).toContainText('Parameters that differ');
  await expect(compared.locator('.e2e-Vega svg')).toHaveCount(2);
  await expectAccessible(page, '.e2e-RunTab');
  await picture(page, 'experiments-compare-light');
  await wear(page, 'dark');
  await page.waitForTimeout(500);
  await picture(page, 'experiments-compare-dark');
  await wear(page, 'light');

  // By keyboard: down, marked with Space, opened with Enter.
  await table.getByRole('button', { name: 'Choose none' }).click();
  await clickRow(page, 0);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Space');
  await expect(table).toContainText('2 of 4 chosen');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'deeper' })).toBeVisible();
  await run(page, 'e2e-lab:open-runs');

  // Register from a row: the kept model.
  await table.getByLabel('Filter runs').fill('ridge');
  await expect(table).toContainText('2 of 1 chosen');
  await table.getByRole('button', { name: 'Choose none' }).click();
  await clickRow(page, 0);
  await table.getByRole('button', { name: 'Register…' }).click();
  await page.getByRole('dialog').getByLabel('Name of the model').fill('delay');
  await page
    .getByRole('dialog')
    .getByLabel(/^Alias/)
    .fill('champion');
  await page
    .getByRole('dialog')
    .getByRole('button', { name: 'Register' })
    .click();
  await expect(
    page.locator('.Toastify__toast', { hasText: 'delay@v1 · champion' })
  ).toBeVisible({ timeout: 60_000 });
  await expect(kept).toContainText('delay@v1', { timeout: 15_000 });
});

/** Click the head of the column that lies so far to the right. */
async function clickHead(
  page: IJupyterLabPageFixture,
  x: number
): Promise<void> {
  const grid = page.locator('.e2e-RunTable .lm-DataGrid-viewport');
  await grid.click({ position: { x, y: 12 } });
}

/** Click a row of the grid. */
async function clickRow(
  page: IJupyterLabPageFixture,
  row: number,
  modifiers: 'Control'[] = []
): Promise<void> {
  const grid = page.locator('.e2e-RunTable .lm-DataGrid-viewport');
  const position = { x: 120, y: 26 + 24 * row + 12 };
  await grid.click({ position, modifiers });
}

async function unfold(sidebar: Locator, name: string): Promise<void> {
  const title = sidebar.locator('.jp-AccordionPanel-title', { hasText: name });
  if ((await title.getAttribute('aria-expanded')) !== 'true') {
    await title.click();
  }
}

async function fold(sidebar: Locator, name: string): Promise<void> {
  const title = sidebar.locator('.jp-AccordionPanel-title', { hasText: name });
  if ((await title.getAttribute('aria-expanded')) === 'true') {
    await title.click();
  }
}
