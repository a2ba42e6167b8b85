import { expect, galata, IJupyterLabPageFixture } from '@jupyterlab/galata';
import { Locator } from '@playwright/test';
import * as fs from 'fs';

import { git, open, picture, place, run } from '../tests/support';
import { beside } from './support';

const GIT = '@jupyterlab/git:plugin';
const test = beside({ words: ['--YDocExtension.disable_rtc=True'] });

/** The panel of jupyterlab-git, where it can be seen together with ours. */
async function onTheRight(page: IJupyterLabPageFixture): Promise<Locator> {
  const theirs = page.locator('#jp-git-sessions');
  await theirs.waitFor({ state: 'attached' });
  await page.sidebar.moveTabToRight('jp-git-sessions');
  await page.sidebar.openTab('jp-git-sessions');
  return theirs;
}

test('jupyterlab-git and this see what is committed in the other', async ({
  page
}) => {
  const sidebar = await open(page, 'flights', 320);
  const folder = await place(page, 'flights');
  const theirs = await onTheRight(page);
  await expect(theirs).toContainText('flights_clean.json');
  await expect(theirs).toContainText('clean flights');

  await sidebar.getByRole('heading', { name: 'Changes' }).click();
  const ours = sidebar.getByRole('region', { name: 'Changes' });
  await ours.getByRole('textbox', { name: /Message/ }).fill('late flights');
  await ours.getByRole('button', { name: 'Commit' }).click();
  await expect(ours.getByRole('status')).toContainText('“late flights”');
  await expect(theirs).not.toContainText('flights_clean.json');
  await expect(theirs).toContainText('late flights'); // at its next look, each 3 s

  fs.writeFileSync(`${folder}/gates.py`, 'gates = 7\n');
  const untracked = theirs.getByRole('button', {
    name: 'Untracked',
    exact: true
  });
  await expect(untracked).toBeEnabled();
  if ((await untracked.getAttribute('aria-expanded')) !== 'true') {
    await untracked.click();
  }
  await theirs.getByText('gates.py').hover();
  await theirs.getByTitle('Track this file').click();
  await theirs.getByPlaceholder(/Commit message/).fill('gates by hand');
  const commit = theirs.getByRole('button', { name: 'Commit', exact: true });
  await expect(commit).toBeEnabled();
  await picture(page, 'neighbours-git');
  await commit.click();
  await expect
    .poll(() => git(folder, 'log', '-1', '--format=%s'))
    .toBe('gates by hand');
  const rooms = sidebar.getByRole('list', { name: 'Rooms' });
  await expect(rooms).toContainText('“gates by hand”');
  const history = ours.getByRole('listbox', { name: 'History' });
  await expect(history.getByRole('option').first()).toContainText(
    'gates by hand'
  );
});

test.describe('where jupyterlab-git looks but seldom', () => {
  test.use({
    mockSettings: {
      ...galata.DEFAULT_SETTINGS,
      [GIT]: { refreshInterval: 200_000 }
    }
  });

  test('it is told of a commit and of a restore', async ({ page }) => {
    const sidebar = await open(page, 'flights', 320);
    const folder = await place(page, 'flights');
    const theirs = await onTheRight(page);
    fs.writeFileSync(`${folder}/gates.py`, 'gates = 8\n');
    await theirs.getByRole('button', { name: /Refresh/ }).click();
    await expect(theirs).toContainText('gates.py');

    const ours = sidebar.getByRole('region', { name: 'Changes' });
    await sidebar.getByRole('heading', { name: 'Changes' }).click();
    await ours.getByRole('textbox', { name: /Message/ }).fill('eight gates');
    await ours.getByRole('button', { name: 'Commit' }).click();
    const answer = ours.getByRole('status');
    await expect(answer).toContainText('“eight gates”');
    await expect(theirs).not.toContainText('gates.py');

    const history = ours.getByRole('listbox', { name: 'History' });
    await history.getByRole('option', { name: /gates by hand/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Restore' }).click();
    await expect(answer).toContainText('As in “gates by hand”');
    await expect(theirs).toContainText('gates.py');
    await answer.getByRole('button', { name: 'Undo' }).click();
    await expect(theirs).not.toContainText('gates.py');
  });
});

test('both are in the menu of a file, and in the menu bar', async ({
  page
}) => {
  await open(page, 'flights', 320);
  const folder = await place(page, 'flights');
  fs.writeFileSync(`${folder}/gates.csv`, 'gate,open\n1,2\n');
  for (const name of ['Git', 'E2E']) {
    const menu = page.getByRole('menubar').getByText(name, { exact: true });
    await expect(menu).toBeVisible();
  }
  await page.sidebar.openTab('filebrowser');
  await run(page, 'filebrowser:refresh');
  const gates = page.getByRole('listitem', { name: /gates\.csv/ });
  await gates.click({ button: 'right' });
  const item = (name: string) =>
    page.locator('.lm-Menu').getByText(name, { exact: true });
  await expect(item('Snapshot as raw data')).toBeVisible();
  await expect(item('Git')).toBeVisible();
});
