import { expect } from '@jupyterlab/galata';
import * as fs from 'fs';

import { expectAccessible, git, picture, place, type } from '../tests/support';
import { beside } from './support';

const test = beside({
  app: 'notebook',
  words: ['--YDocExtension.disable_rtc=True']
}).extend({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the names from it
  waitForApplication: async ({}, provide) => {
    await provide(async page => {
      await page.locator('#main-panel').waitFor();
    });
  }
});
test.use({ appPath: '' });

test('Notebook 7: the sidebar beside the files', async ({ page }) => {
  await page.goto('tree/flights');
  await page.getByRole('menubar').getByText('E2E', { exact: true }).click();
  await page.getByRole('menuitem', { name: 'Show e2e-lab' }).click();
  const sidebar = page.locator('#e2e-lab-sidebar');
  const rooms = sidebar.getByRole('list', { name: 'Rooms' });
  await expect(rooms).toContainText('“clean flights”');
  await expectAccessible(page);
});

test('Notebook 7: snapshot, look at it, commit, with the mouse', async ({
  page
}) => {
  await page.goto('notebooks/flights/work.ipynb');
  const folder = await place(page, 'flights');
  fs.writeFileSync(`${folder}/gates.csv`, 'gate,open\n1,1\n2,0\n3,1\n');
  const menu = page.getByRole('menubar');
  await menu.getByText('View', { exact: true }).click();
  await page.locator('.lm-Menu').getByText('Left Sidebar').hover();
  await page.getByRole('menuitem', { name: 'Show e2e-lab' }).click();
  const sidebar = page.locator('#e2e-lab-sidebar');
  await sidebar.getByRole('button', { name: 'Load e2e_lab' }).click();
  const data = sidebar.getByRole('region', { name: 'Data', exact: true });
  await expect(data.getByText('Tables that a cell makes')).toBeVisible({
    timeout: 30_000
  });
  await type(page, 'import pandas as pd\ngates = pd.read_csv("gates.csv")');
  await data.getByRole('button', { name: 'Snapshot gates' }).click();
  await expect(data.getByRole('status')).toContainText('gates@v1');
  const notebook = page.locator('.jp-Notebook');
  await expect(notebook).toContainText('%e2e snapshot gates');
  await expect(notebook.locator('.jp-OutputArea').last()).toContainText(
    'gates@v1'
  );

  const badge = page.getByRole('button', { name: 'This cell made gates@v1' });
  const rows = page.waitForResponse(/gates\/snapshots\/v1\/rows/);
  await badge.click();
  const below = page.locator('#jp-down-stack');
  await expect(below.getByRole('tab', { name: 'gates' })).toBeVisible();
  await expect(below.getByRole('tab', { name: 'Columns' })).toBeVisible();
  const tab = below.locator('.e2e-DatasetTab');
  expect((await tab.boundingBox())?.height).toBeGreaterThan(250);
  await rows;
  await picture(page, 'neighbours-notebook');
  await menu.getByText('E2E', { exact: true }).click();
  await page.getByRole('menuitem', { name: 'Open Workflow' }).click();
  await expect(below.locator('.e2e-WorkflowTab')).toBeVisible();
  await expect(tab).toBeHidden();
  await below.getByRole('tab', { name: 'gates' }).click();
  await expect(tab).toBeVisible();
  for (const name of ['gates', 'Workflow']) {
    const one = below.getByRole('tab', { name });
    await one.locator('.lm-TabBar-tabCloseIcon').click();
  }
  await expect(below).toBeHidden();

  const toolbar = page.locator('.jp-NotebookPanel-toolbar');
  await toolbar.getByRole('button', { name: 'Commit' }).click();
  const message = sidebar.getByRole('textbox', { name: /Message/ });
  await expect(message).toBeFocused();
  await page.keyboard.type('gates, from Notebook 7');
  await page.keyboard.press('Control+Enter');
  const changes = sidebar.getByRole('region', { name: 'Changes' });
  await expect(changes.getByRole('status')).toContainText('gates v1');
  expect(git(folder, 'log', '-1', '--format=%s')).toBe(
    'gates, from Notebook 7'
  );
  expect(git(folder, 'show', 'HEAD:work.ipynb')).toContain('snapshot gates');
});
