import { expect, test as base } from '@jupyterlab/galata';
import { Locator, Page } from '@playwright/test';
import * as fs from 'fs';

import { Server } from './server';
import {
  ALL_REAL,
  endKernels,
  expectAccessible,
  git,
  open,
  openNotebook,
  picture,
  pictures,
  place,
  run,
  write
} from './support';

/** Tests with a Jupyter server of their own, on a machine where git knows nobody. */
const test = base.extend<{ server: Server }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the names from it
  server: async ({}, provide) => {
    const server = await Server.start({ nobody: true });
    await provide(server);
    await server.remove();
  },
  baseURL: async ({ server }, provide) => provide(server.url)
});

test.use({
  ...ALL_REAL,
  viewport: { width: 1280, height: 900 }
});

test.afterEach(endKernels);
test.setTimeout(120_000);

/** The panel, unfolded by a click on its title. */
async function unfold(page: Page, sidebar: Locator): Promise<Locator> {
  const title = sidebar.getByRole('heading', { name: 'Changes' });
  const panel = sidebar.getByRole('region', { name: 'Changes' });
  await title.click();
  await expect(panel.getByRole('listbox', { name: 'History' })).toBeVisible();
  return panel;
}

test('with the mouse: change, commit as somebody, see the history, go back and forth', async ({
  page
}) => {
  const sidebar = await open(page, 'flights', 320);
  const folder = await place(page, 'flights');
  const panel = await unfold(page, sidebar);
  const data = panel.getByRole('listbox', { name: 'Data' });
  await expect(data.getByRole('option')).toContainText('flights_clean');
  await expect(data.getByRole('option')).toContainText('v1 → v2');
  await expect(data.getByRole('option')).toContainText('+1 column');

  fs.writeFileSync(`${folder}/gates.py`, 'gates = 7\n');
  await run(page, 'docmanager:open', { path: 'flights/gates.py' });
  await openNotebook(page, 'flights/late.ipynb');
  await write(page, 'minutes = 60'); // and not saved
  const message = panel.getByRole('textbox', { name: /Message/ });
  await message.click();
  await page.keyboard.type('late means an hour');
  await expect(panel).toContainText('asks for your name');
  await panel.getByRole('button', { name: 'Commit' }).click();

  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('Who is committing?');
  await expectAccessible(page, '.jp-Dialog .e2e-Questions');
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Grace Hopper');
  await dialog
    .getByRole('textbox', { name: 'Email' })
    .fill('grace@example.org');
  await picture(page, 'changes-who');
  await dialog.getByRole('button', { name: 'Commit' }).click();

  const answer = panel.getByRole('status');
  await expect(answer).toContainText('“late means an hour”', {
    timeout: 15_000
  });
  await expect(answer).toContainText('flights_clean v1 → v2: +1 column');
  await expect(answer).toContainText('git reset --soft HEAD~1');
  expect(git(folder, 'log', '-1', '--format=%an %ae %s')).toBe(
    'Grace Hopper grace@example.org late means an hour'
  );
  expect(git(folder, 'config', '--local', 'user.name')).toBe('Grace Hopper');
  expect(git(folder, 'show', 'HEAD:late.ipynb')).toContain('minutes = 60');
  expect(git(folder, 'show', 'HEAD:requirements.lock')).toContain('pandas==');
  await expect(panel.getByRole('listbox')).toHaveCount(1); // of the history
  await expect(message).toHaveValue('');

  const history = panel.getByRole('listbox', { name: 'History' });
  const newest = history.getByRole('option').first();
  await expect(newest).toContainText('late means an hour');
  await expect(newest).toContainText('flights_clean v1 → v2');
  await expect(history.getByRole('option')).toHaveCount(3);
  await picture(page, 'changes-committed', sidebar);

  await write(page, 'minutes = 90'); // neither saved nor committed
  await history.getByRole('option', { name: /clean flights/ }).click();
  await expect(dialog).toContainText('Restore commit');
  const section = (name: string) =>
    dialog.getByRole('region', { name, exact: true });
  await expect(section('Data')).toContainText('flights_clean v2 → v1');
  await expect(section('Files as they were')).toContainText('late.ipynb');
  await expect(section('Files that came later, removed')).toContainText(
    'gates.py'
  );
  await expect(section('Not committed, saved first')).toContainText(
    'late.ipynb'
  );
  await expectAccessible(page, '.jp-Dialog .e2e-Plan');
  await picture(page, 'changes-restore');
  await dialog.getByRole('button', { name: 'Restore' }).click();

  await expect(answer).toContainText('As in “clean flights”');
  const notebook = page.locator('.jp-NotebookPanel:visible');
  await expect(notebook).not.toContainText('minutes = 60');
  await expect(page.getByRole('tab', { name: 'gates.py' })).toBeHidden();
  expect(fs.readFileSync(`${folder}/late.ipynb`, 'utf8')).not.toContain(
    'minutes = 60'
  );
  await expect(panel.getByRole('listbox', { name: 'Notebooks' })).toContainText(
    'late.ipynb'
  );

  await answer.getByRole('button', { name: 'Undo' }).click();
  await expect(notebook).toContainText('minutes = 90');
  await expect(notebook).toContainText('minutes = 60');
  expect(fs.existsSync(`${folder}/gates.py`)).toBe(true);
});

test('with the keyboard alone', async ({ page }) => {
  const sidebar = await open(page, 'flights', 320);
  const folder = await place(page, 'flights');
  git(folder, 'config', 'user.name', 'Ada Lovelace');
  git(folder, 'config', 'user.email', 'ada@example.org');
  const panel = sidebar.getByRole('region', { name: 'Changes' });
  await page.keyboard.press('Control+Alt+c');
  const message = panel.getByRole('textbox', { name: /Message/ });
  await expect(message).toBeFocused();
  await page.keyboard.type('by hand');
  await page.keyboard.press('Control+Enter');
  await expect(panel.getByRole('status')).toContainText('“by hand”', {
    timeout: 15_000
  });
  expect(git(folder, 'log', '-1', '--format=%an %s')).toBe(
    'Ada Lovelace by hand'
  );
  const history = panel.getByRole('listbox', { name: 'History' });
  for (let i = 0; i < 12; i++) {
    if (await history.evaluate(list => list === document.activeElement)) {
      break;
    }
    await page.keyboard.press('Tab');
  }
  await expect(history).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('clean flights');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
});

test('every look', async ({ page }) => {
  const sidebar = await open(page, 'flights', 320);
  const folder = await place(page, 'flights');
  fs.writeFileSync(`${folder}/.env`, 'KEY=1');
  fs.appendFileSync(`${folder}/late.ipynb`, '\n\n');
  fs.writeFileSync(`${folder}/features_of_flights_and_weather.py`, 'x = 1\n');
  fs.rmSync(`${folder}/print.ipynb`);
  await sidebar.getByRole('heading', { name: 'Flow' }).click();
  await sidebar.getByRole('heading', { name: 'Data' }).click();
  const panel = await unfold(page, sidebar);
  await run(page, 'e2e-lab:refresh');
  await expect(panel).toContainText('left out');
  await expectAccessible(page);
  await pictures(page, 'changes');
});

test('a project without git becomes a repository at the press of a button', async ({
  page
}) => {
  const sidebar = await open(page, 'flights', 240);
  const folder = await place(page, 'flights');
  fs.rmSync(`${folder}/.git`, { recursive: true });
  await sidebar.getByRole('button', { name: 'Versions' }).click();
  const panel = sidebar.getByRole('region', { name: 'Changes' });
  const button = panel.getByRole('button', { name: 'Make it a repository' });
  await expect(button).toBeVisible({ timeout: 15_000 });
  await expectAccessible(page);
  await picture(page, 'changes-no-git', sidebar);
  await button.click();
  await expect(panel.getByRole('listbox', { name: 'Notebooks' })).toContainText(
    'late.ipynb'
  );
  await expect(panel).toContainText('No commits yet');
  expect(git(folder, 'branch', '--show-current')).toBe('main');
});

test('the habits: menu, launcher, status bar, toolbar, and the menu of a file', async ({
  page
}) => {
  const sidebar = await open(page, 'flights', 320);
  const folder = await place(page, 'flights');
  fs.writeFileSync(`${folder}/gates.csv`, 'gate,open\n1,2\n');
  await expect(
    page.getByRole('button', { name: /^flights · 1 change/ })
  ).toBeVisible();
  await page.getByRole('menubar').getByText('E2E', { exact: true }).click();
  await page.getByRole('menuitem', { name: 'Open Workflow' }).click();
  await expect(page.locator('.e2e-WorkflowTab')).toBeVisible();

  await openNotebook(page, 'flights/work.ipynb');
  await expect(
    sidebar.getByRole('button', { name: 'Load e2e_lab' })
  ).toBeVisible({ timeout: 30_000 });
  const commit = page
    .locator('.jp-NotebookPanel-toolbar')
    .getByRole('button', { name: 'Commit' });
  await commit.click();
  await expect(sidebar.getByRole('textbox', { name: /Message/ })).toBeFocused();

  await page.sidebar.openTab('filebrowser');
  await page.keyboard.press('Escape');
  await run(page, 'filebrowser:refresh');
  const gates = page.getByRole('listitem', { name: /gates\.csv/ });
  await gates.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Snapshot as raw data' }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: 'Ingest' })
    .click();
  await expect(page.locator('.jp-Notebook:visible')).toContainText(
    '%e2e ingest gates.csv --as gates'
  );
  await expect
    .poll(() => fs.existsSync(`${folder}/data/raw/gates.json`), {
      timeout: 20_000
    })
    .toBe(true);
});
