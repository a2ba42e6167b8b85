import { expect, test } from '@jupyterlab/galata';

import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

import { hold } from './held';
import { make } from './server';
import {
  endKernels,
  expectAccessible,
  open,
  openNotebook,
  picture,
  place,
  REAL,
  run,
  type
} from './support';

test.use(REAL);

test.afterEach(endKernels);

test.beforeAll(async ({ playwright }, info) => {
  const api = await playwright.request.newContext({
    baseURL: info.project.use.baseURL
  });
  const { root } = await (await api.get('/e2e-lab/api/projects')).json();
  make('big', path.join(root, 'big'));
  await api.dispose();
});

test('a job is seen again after a reload, with its progress and log, and ends', async ({
  page
}) => {
  const sidebar = await open(page, 'big', 300);
  const signals = sidebar.getByRole('option', { name: /^signals/ });
  await signals.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Verify' }).click();
  const job = await hold(await place(page, 'big'));
  const toast = page.locator('.Toastify__toast', { hasText: 'verify signals' });
  const said = `reading · ${Math.floor(job.progress * 100)} %`;
  try {
    await expect(toast).toContainText(said);
    const rows = page.waitForResponse(/\/rows\?/);
    await signals.click(); // the rows are read while the job is at work
    await rows;
    await expect(page.getByText('Reading…')).toBeHidden({ timeout: 15_000 });
    await picture(page, 'job-running');

    await open(page, 'big', 300); // all of the page is new
    await expect(toast).toContainText(said);
    await expect(toast.getByRole('button', { name: 'Cancel' })).toBeVisible();
    await toast.getByRole('button', { name: 'Log' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.locator('.e2e-Log')).toContainText('reading');
    await dialog.getByRole('button', { name: 'Close' }).click();
  } finally {
    job.release();
  }
  await expect(
    page.locator('.Toastify__toast', { hasText: 'intact' })
  ).toBeVisible({ timeout: 15_000 });
});

test('a job that runs is cancelled', async ({ page }) => {
  const sidebar = await open(page, 'big', 300);
  await sidebar
    .getByRole('option', { name: /^signals/ })
    .click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Verify' }).click();
  const job = await hold(await place(page, 'big'));
  const asked = page.waitForResponse(/\/cancel/);
  const toast = page.locator('.Toastify__toast', { hasText: 'verify signals' });
  try {
    await toast.getByRole('button', { name: 'Cancel' }).click();
    await asked;
  } finally {
    job.release();
  }
  await expect(toast).toContainText('Cancelled: verify signals@v1');
});

test('a job tells how it ended', async ({ page }) => {
  const sidebar = await open(page, 'flights', 300);
  await sidebar
    .getByRole('option', { name: /^weather/ })
    .click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Export…' }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: 'Export' })
    .click();
  await expect(
    page.locator('.Toastify__toast', { hasText: '240 rows' })
  ).toBeVisible({ timeout: 15_000 });
});

test('two notebooks, and a kernel that restarts', async ({ page }) => {
  await open(page, 'flights', 300);
  const data = page.getByRole('region', { name: 'Data', exact: true });
  await openNotebook(page, 'flights/work.ipynb');
  await data.getByRole('button', { name: 'Load e2e_lab' }).click();
  await type(page, 'import pandas as pd\nfirst = pd.DataFrame({"a": [1, 2]})');
  await expect(
    data.getByRole('button', { name: 'Snapshot first' })
  ).toBeVisible();

  await openNotebook(page, 'flights/empty.ipynb');
  await expect(data.getByText('empty.ipynb')).toBeVisible();
  await expect(
    data.getByRole('button', { name: 'Snapshot first' })
  ).toBeHidden();
  await data.getByRole('button', { name: 'Load e2e_lab' }).click();
  await type(page, 'import pandas as pd\nsecond = pd.DataFrame({"b": [1]})');
  await expect(
    data.getByRole('button', { name: 'Snapshot second' })
  ).toBeVisible();

  await page.getByRole('tab', { name: 'work.ipynb' }).click();
  await expect(
    data.getByRole('button', { name: 'Snapshot first' })
  ).toBeVisible();
  await run(page, 'docmanager:save');
  await page.evaluate(async () => {
    const { currentWidget } = window.jupyterapp.shell as unknown as {
      currentWidget: { sessionContext: { restartKernel(): Promise<void> } };
    };
    await currentWidget.sessionContext.restartKernel();
  });
  await data.getByRole('button', { name: 'Load e2e_lab' }).click();
  await expect(data.getByText('Tables that a cell makes')).toBeVisible();
});

test('a renamed notebook is told to the kernel', async ({ page }) => {
  await open(page, 'flights', 300);
  const data = page.getByRole('region', { name: 'Data', exact: true });
  await openNotebook(page, 'flights/rename.ipynb');
  await data.getByRole('button', { name: 'Load e2e_lab' }).click();
  await expect(data.getByText('Tables that a cell makes')).toBeVisible();
  await page.evaluate(async () => {
    const { currentWidget } = window.jupyterapp.shell as unknown as {
      currentWidget: { context: { rename(name: string): Promise<void> } };
    };
    await currentWidget.context.rename('renamed.ipynb');
  });
  await expect(data.getByText('renamed.ipynb')).toBeVisible();
  await type(
    page,
    'import pandas as pd\ntiny = pd.DataFrame({"b": [1]})\nsaved = e2e.snapshot(tiny, "tiny", stage="raw")\nsaved.origin.notebook'
  );
  await expect(
    page.locator('.jp-OutputArea-output', { hasText: 'renamed.ipynb' })
  ).toBeVisible({ timeout: 15_000 });
});

test('ten thousand printed lines: how long the page was busy', async ({
  page
}) => {
  await open(page, 'flights', 300);
  const data = page.getByRole('region', { name: 'Data', exact: true });
  await openNotebook(page, 'flights/print.ipynb');
  await data.getByRole('button', { name: 'Load e2e_lab' }).click();
  await expect(data.getByText('Tables that a cell makes')).toBeVisible();
  await page.evaluate(() => {
    const seen = ((window as unknown as { frames_: unknown[] }).frames_ = []);
    new PerformanceObserver(list =>
      list.getEntries().forEach(entry => {
        const { duration, scripts = [] } = entry as unknown as {
          duration: number;
          scripts?: { sourceURL: string; duration: number }[];
        };
        const ours = scripts
          .filter(script => script.sourceURL.includes('e2e-lab'))
          .map(script => script.duration);
        (seen as unknown[]).push({ duration, ours: Math.max(0, ...ours) });
      })
    ).observe({ type: 'long-animation-frame' });
  });
  await type(page, 'for i in range(10_000):\n    print("line", i)');
  await expect(
    page.locator('.jp-OutputArea').getByText('line 9999')
  ).toBeAttached({ timeout: 30_000 });
  const frames = await page.evaluate(
    () =>
      (window as unknown as { frames_: { duration: number; ours: number }[] })
        .frames_
  );
  const longest = Math.max(0, ...frames.map(frame => frame.duration));
  const ours = Math.max(0, ...frames.map(frame => frame.ours));
  console.log(
    `10,000 lines: ${frames.length} long frames, the longest ${longest.toFixed(0)} ms; in scripts of e2e-lab ${ours.toFixed(0)} ms at most`
  );
});

test('a mark below the fold is there after a reload', async ({ page }) => {
  await open(page, 'flights', 300);
  await openNotebook(page, 'flights/long.ipynb');
  await run(page, 'notebook:run-all-cells');
  const badge = page.getByRole('button', {
    name: 'This cell made long_flights@v1'
  });
  await expect(badge).toBeVisible({ timeout: 20_000 });
  await run(page, 'docmanager:save');
  await open(page, 'flights', 300); // all of the page is new
  await openNotebook(page, 'flights/long.ipynb');
  await expect(badge).toBeVisible(); // the cell was a placeholder at first
});

test('rows and columns come back after a failure', async ({ page }) => {
  const folder = await place(page, 'away');
  make('flights', folder);
  const table =
    'import os, pandas as pd, e2e_lab as e2e\n' +
    'frame = pd.DataFrame({"n": list(os.urandom(1000))})\n' + // which nobody has read yet
    'e2e.snapshot(frame, "lost", stage="raw")';
  execFileSync('python', ['-c', table], { cwd: folder });
  const packs = path.join(folder, '.e2e/store/packs');
  const away = () => fs.renameSync(packs, `${packs}.away`);
  const back = () => fs.renameSync(`${packs}.away`, packs);
  const sidebar = await open(page, 'away', 300);
  const tab = page.locator('.e2e-DatasetTab');
  const alert = tab.getByRole('alert');
  away(); // as on a disk that is not mounted
  try {
    await sidebar.getByRole('option', { name: /^lost/ }).click();
    await expect(alert).toContainText('cannot be read', { timeout: 15_000 });
  } finally {
    back();
  }
  await alert.getByRole('button', { name: 'Retry' }).click();
  await expect(alert).toBeHidden();

  away();
  try {
    await tab.getByRole('tab', { name: 'Columns' }).click();
    await expect(alert).toContainText('cannot be read', { timeout: 15_000 });
  } finally {
    back();
  }
  await alert.getByRole('button', { name: 'Retry' }).click();
  await expect(tab.getByRole('img').first()).toBeVisible({ timeout: 15_000 });
  await expect(alert).toBeHidden();
  fs.rmSync(folder, { recursive: true });
});

test('a job shows what it printed, and a refusal its next line', async ({
  page
}) => {
  const sidebar = await open(page, 'flights', 300);
  await sidebar.getByRole('option', { name: /^weather/ }).click();
  await page.getByRole('button', { name: 'Export…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('flights/weather.parquet');
  await dialog.getByRole('button', { name: 'Export' }).click();
  const toast = page.locator('.Toastify__toast', { hasText: 'weather' });
  await toast.getByRole('button', { name: 'Log' }).click();
  await expect(dialog.locator('.e2e-Log')).toContainText('writing weather@v1');
  await expectAccessible(page, '.jp-Dialog');
  await dialog.getByRole('button', { name: 'Close' }).click();

  await page.getByRole('button', { name: 'Rename…' }).click();
  await dialog.getByRole('textbox').fill('flights'); // which there is
  await dialog.getByRole('button', { name: 'Rename' }).click();
  const refused = page.locator('.Toastify__toast', { hasText: 'already' });
  await refused
    .getByRole('button', { name: 'Copy “%e2e rename weather OTHER”' })
    .click();
  await expect(refused).toBeVisible(); // it stays until it is dismissed
});

test('a commit in a cell holds the notebook as it stands', async ({ page }) => {
  await open(page, 'empty', 300);
  await openNotebook(page, 'empty/start.ipynb');
  await type(page, '%load_ext e2e_lab');
  const data = page.getByRole('region', { name: 'Data', exact: true });
  await expect(data.getByText('Tables that a cell makes')).toBeVisible();
  await type(page, 'began = __import__("time").monotonic()');
  await type(page, '%e2e commit -m "the notebook too"');
  await type(
    page,
    'print("waited", __import__("time").monotonic() - began < 2)\n' +
      'there = !git show HEAD:start.ipynb\n' +
      'print("kept", any("e2e commit" in line for line in there))'
  );
  const said = page.locator('.jp-Notebook .jp-OutputArea').last();
  await expect(said).toContainText('waited True', { timeout: 15_000 });
  await expect(said).toContainText('kept True');
});
