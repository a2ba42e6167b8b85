import AxeBuilder from '@axe-core/playwright';
import {
  expect,
  galata,
  IJupyterLabPageFixture,
  test
} from '@jupyterlab/galata';
import * as path from 'path';

const SIDEBAR = '#e2e-lab-sidebar';

test.use({ autoGoto: false, mockSettings: galata.DEFAULT_SETTINGS });

/** Open Lab with the file browser in a folder, and the sidebar. */
async function open(page: IJupyterLabPageFixture, folder: string) {
  await page.goto(`tree/${folder}?reset`);
  await page.sidebar.openTab('e2e-lab-sidebar');
  return page.locator(SIDEBAR);
}

async function picture(page: IJupyterLabPageFixture, name: string) {
  await page.mouse.move(700, 400);
  const file = path.join(__dirname, '..', 'test-results', `${name}.png`);
  await page.screenshot({ path: file });
}

async function expectAccessible(page: IJupyterLabPageFixture) {
  const found = await new AxeBuilder({ page }).include(SIDEBAR).analyze();
  expect(found.violations.map(rule => rule.id)).toEqual([]);
}

test('the flow of a real project, in light and dark', async ({ page }) => {
  const sidebar = await open(page, 'flights');
  await expect(sidebar.getByText('flights', { exact: true })).toBeVisible();
  await expect(sidebar.getByText('· main')).toBeVisible();
  const rooms = sidebar.getByRole('listitem');
  await expect(rooms).toHaveCount(5);
  await expect(rooms.nth(0)).toContainText('2 raw · 1 processed');
  await expect(rooms.nth(0)).toContainText('not committed');
  await expect(rooms.nth(1)).toContainText('flights and weather as they came');
  await expect(rooms.nth(4)).toContainText('nothing yet');
  await expectAccessible(page);
  await picture(page, 'flow-light');

  await page.theme.setDarkTheme();
  await expectAccessible(page);
  await picture(page, 'flow-dark');
});

test('a saved file is seen without being asked for', async ({ page }) => {
  const sidebar = await open(page, 'flights');
  const versions = sidebar.getByRole('listitem').nth(1);
  const changes = async () =>
    Number((await versions.textContent())?.match(/(\d+) change/)?.[1] ?? 0);
  await expect.poll(changes).toBeGreaterThan(0);
  const before = await changes();
  await page.evaluate(() =>
    window.jupyterapp.serviceManager.contents.save('flights/new.py', {
      type: 'file',
      format: 'text',
      content: 'x = 1'
    })
  );
  await expect.poll(changes).toBe(before + 1);
  await page.contents.deleteFile('flights/new.py');
});

test('hidden, the sidebar asks for nothing', async ({ page }) => {
  await open(page, 'flights');
  await expect(page.locator(SIDEBAR).getByRole('listitem')).toHaveCount(5);
  await page.sidebar.openTab('filebrowser');
  await page.waitForTimeout(300);
  const asked: string[] = [];
  page.on('request', request => {
    if (request.url().includes('e2e-lab/api')) {
      asked.push(request.url());
    }
  });
  await page.waitForTimeout(5000);
  expect(asked).toEqual([]);
});

test('an empty folder becomes a project', async ({ page, tmpPath }) => {
  const refused: string[] = [];
  page.on('response', answer => {
    if (answer.url().includes('e2e-lab/api') && !answer.ok()) {
      refused.push(answer.url());
    }
  });
  const sidebar = await open(page, tmpPath);
  const button = sidebar.getByRole('button', { name: 'Create a project here' });
  await expect(button).toBeVisible();
  await expectAccessible(page);
  await picture(page, 'welcome');

  await button.focus();
  await page.keyboard.press('Enter');
  await expect(
    sidebar.getByText(path.basename(tmpPath), { exact: true })
  ).toBeVisible();
  await expect(sidebar.getByRole('listitem')).toHaveCount(5);
  expect(await page.contents.fileExists(`${tmpPath}/e2e.toml`)).toBe(true);
  expect(refused).toEqual([]); // each would be an error in the browser's console
  await picture(page, 'created');
});

test('a snapshot made in a notebook appears by itself', async ({ page }) => {
  const sidebar = await open(page, 'flights');
  await page.evaluate(() =>
    window.jupyterapp.commands.execute('docmanager:open', {
      path: 'flights/late.ipynb'
    })
  );
  await page.notebook.activate('late.ipynb');
  await page.notebook.run();
  const data = sidebar.getByRole('listitem').nth(0);
  await expect(data).toContainText('2 raw · 2 processed');
  await expect(data).toContainText('late_flights@v1');
  await picture(page, 'notebook-light');
  await page.theme.setDarkTheme();
  await picture(page, 'notebook-dark');
});

test('the palette opens the sidebar', async ({ page }) => {
  await page.goto('?reset');
  await expect(page.locator(SIDEBAR)).toBeHidden();
  await page.evaluate(() => window.jupyterapp.commands.execute('e2e-lab:open'));
  await expect(page.locator(SIDEBAR)).toBeVisible();
});
