import { expect, IJupyterLabPageFixture, test } from '@jupyterlab/galata';
import { Locator } from '@playwright/test';
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

import { hold } from './held';
import { make } from './server';
import {
  expectAccessible,
  open,
  picture,
  pictures,
  place,
  REAL,
  run,
  wear,
  widen
} from './support';

test.use(REAL);
test.describe.configure({ mode: 'serial' });

/** Packaging and serving start processes that import pandas and scikit-learn. */
const SLOW = { timeout: 90_000 };
const TAB = '.e2e-ServiceTab';

test.beforeAll(async ({ playwright }, info) => {
  test.setTimeout(120_000);
  const api = await playwright.request.newContext({
    baseURL: info.project.use.baseURL
  });
  const { root } = await (await api.get('/e2e-lab/api/projects')).json();
  make('models', path.join(root, 'models'));
  await api.dispose();
});

test.afterAll(async ({ playwright }, info) => {
  const api = await playwright.request.newContext({
    baseURL: info.project.use.baseURL
  });
  const address = '/e2e-lab/api/services/delay/stop?project=models';
  await api.post(address, { data: {} });
  await api.dispose();
});

/** The section of the sidebar, unfolded and alone. */
async function unfolded(sidebar: Locator): Promise<Locator> {
  const panel = sidebar.page().getByRole('region', {
    name: 'Models & services',
    exact: true
  });
  const titles = sidebar.locator('.jp-AccordionPanel-title');
  const all = await titles.count();
  for (let i = 0; i < all; i++) {
    const title = titles.nth(i);
    const wanted = (await title.textContent())?.includes('Models & services');
    const expanded = (await title.getAttribute('aria-expanded')) === 'true';
    if (Boolean(wanted) !== expanded) {
      await title.locator('.lm-AccordionPanel-titleLabel').click();
    }
  }
  await expect(panel).toBeVisible();
  return panel;
}

test('a model is packaged with the mouse, also over a reload, and cancelled before', async ({
  page
}) => {
  test.setTimeout(180_000);
  const panel = await unfolded(await open(page, 'models', 300));
  const versions = panel.getByRole('option', { name: /^not packaged/ });
  await expect(versions).toHaveCount(2);
  await pictures(page, 'models-none');
  await widen(page, 300);
  const next = panel.getByRole('button', { name: 'Package delay@v2' });
  await next.click();
  const working = panel.getByRole('status');
  await expect(working).toContainText('building the Bento', SLOW);
  await panel.getByRole('button', { name: 'Cancel' }).click();
  await expect(next).toBeVisible(SLOW);

  await next.click();
  const job = await hold(await place(page, 'models'), 'building the Bento');
  try {
    await expect(working).toContainText('package delay@v2');
    await expect(working).toContainText('building the Bento', SLOW);
    await pictures(page, 'models-packaging');
    const again = await unfolded(await open(page, 'models', 300)); // all of the page is new
    await expect(working).toContainText('package delay@v2');
    await again.getByRole('button', { name: 'Log' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.locator('.e2e-Log')).toContainText('looking up');
    await dialog.getByRole('button', { name: 'Close' }).click();
  } finally {
    job.release();
  }
  await expect(working).toContainText(
    '200 stored rows answered equal to the model',
    SLOW
  );
  await pictures(page, 'models-packaged');
  await expectAccessible(page);
});

test('a packaged model is served, tried, compared, traced and stopped', async ({
  page
}) => {
  test.setTimeout(180_000);
  const panel = await unfolded(await open(page, 'models', 300));
  await panel.getByRole('button', { name: 'Serve delay@v1' }).click();
  const service = panel
    .getByRole('listbox', { name: 'Services' })
    .getByRole('option');
  await expect(service).toContainText('serving', SLOW);
  await pictures(page, 'models-serving');
  await expectAccessible(page);
  await widen(page, 300);

  await panel.getByRole('button', { name: 'Try delay' }).click();
  const tab = page.locator(TAB);
  await expect(tab.getByLabel(/^dep_delay/)).toHaveValue(/^-?\d/, SLOW);
  await tab.getByRole('button', { name: 'Predict' }).click();
  const answer = tab.getByRole('status', { name: 'Answer' });
  await expect(answer).toContainText('Equal to the model: yes', SLOW);
  const trace = tab.getByRole('list', { name: 'What came from what' });
  for (const name of ['flights.csv', 'flights_clean@v1', 'deeper', 'delay@v2'])
    await expect(trace).toContainText(name, SLOW);
  await picture(page, 'service-try-light');
  await wear(page, 'dark');
  await picture(page, 'service-try-dark');
  await wear(page, 'contrast');
  await picture(page, 'service-try-contrast');
  await expectAccessible(page, TAB);
  await wear(page, 'light');
  await expectAccessible(page, TAB);

  // by the keyboard alone
  await tab.getByRole('tab', { name: 'Try it' }).focus();
  await page.keyboard.press('End');
  await expect(tab.getByRole('tab', { name: 'Log' })).toBeFocused();
  await page.keyboard.press('Home');
  await page.keyboard.press('Tab'); // what scrolls
  await page.keyboard.press('Tab');
  await expect(tab.getByLabel(/^carrier/)).toBeFocused();
  await page.keyboard.press('Tab');
  const delay = tab.getByLabel(/^dep_delay/);
  await expect(delay).toBeFocused();
  const before = (await answer.locator('code').textContent()) ?? '';
  await page.keyboard.press('Control+A');
  await page.keyboard.type('30');
  await page.keyboard.press('Enter');
  await expect(answer.locator('code')).not.toHaveText(before, SLOW);
  await expect(delay).toBeFocused();
  await expect(answer).toContainText('Equal to the model: yes', SLOW);

  // a null where the schema has one, and a fault at its field
  await tab.getByRole('checkbox', { name: 'wind is null' }).check();
  await tab.getByLabel(/^distance/).fill('far');
  await page.keyboard.press('Enter');
  await expect(tab.getByLabel(/^distance/)).toBeFocused();
  await expect(tab.getByRole('alert')).toHaveText(
    "should be a valid integer, got 'far'"
  );
  await picture(page, 'service-fault-light');
  await expectAccessible(page, TAB);
  await tab.getByLabel(/^distance/).fill('500');
  await page.keyboard.press('Enter');
  await expect(answer).toContainText('Equal to the model: yes', SLOW);

  await tab.getByRole('tab', { name: 'Requests' }).click();
  await expect(tab.getByRole('row')).toHaveCount(4);
  await tab.getByRole('button', { pressed: false }).last().click();
  await expect(trace).toContainText('flights.csv', SLOW);
  await picture(page, 'service-requests-light');
  await expectAccessible(page, TAB);

  await tab.getByRole('tab', { name: 'Code' }).click();
  const state = path.join(await place(page, 'models'), '.e2e', 'services');
  const { token } = JSON.parse(
    fs.readFileSync(path.join(state, 'delay.json'), 'utf-8')
  ) as { token: string };
  const curl = tab.getByRole('region', { name: 'curl' }).locator('pre');
  await expect(curl).toContainText('Bearer TOKEN');
  expect(await page.content()).not.toContain(token);
  await tab.getByRole('button', { name: 'Show the token' }).click();
  await expect(curl).toContainText(token);
  const said = execFileSync('bash', ['-c', (await curl.textContent()) ?? '']);
  expect(JSON.parse(said.toString())).toMatchObject({ model: 'delay@v2' });
  const python = tab.getByRole('region', { name: /without e2e-lab/ });
  const code = `${await python.locator('pre').textContent()}\nprint(answer["model"])`;
  expect(execFileSync('python', ['-c', code]).toString()).toBe('delay@v2\n');
  await tab.getByRole('button', { name: 'Hide the token' }).click();
  expect(await page.content()).not.toContain(token);
  await picture(page, 'service-code-light');
  await expectAccessible(page, TAB);

  await tab.getByRole('tab', { name: 'Log' }).click();
  await expect(tab.getByRole('tabpanel')).toContainText(/\S/);
  await picture(page, 'service-log-light');
  await expectAccessible(page, TAB);

  await tab.getByRole('button', { name: 'Stop' }).click();
  await expect(tab.getByRole('button', { name: 'Serve' })).toBeVisible(SLOW);
  await expect(service).toContainText('stopped');
  expect(fs.existsSync(path.join(state, 'delay.json'))).toBe(false);
  await pictures(page, 'models-stopped');
});

test('what goes wrong is said where it was done', async ({ page }) => {
  test.setTimeout(180_000);
  const root = await place(page, 'models');
  const panel = await unfolded(await open(page, 'models', 300));
  const models = panel.getByRole('listbox', { name: 'Models' });
  await models.focus();
  await page.keyboard.press('ArrowDown'); // by the keyboard alone
  const broken = panel.getByRole('button', { name: 'Package delay@v1' });
  await expect(broken).toBeVisible();
  const changed = await changeModel(page, 'baseline');
  try {
    await page.keyboard.press('Shift+Tab');
    await expect(broken).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(panel.getByRole('alert')).toContainText(
      'or its files were changed',
      SLOW
    );
    await pictures(page, 'models-failed');
    await expectAccessible(page);
    await panel.getByRole('button', { name: 'Log' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.locator('.e2e-Log')).toContainText('were changed');
    await dialog.getByRole('button', { name: 'Close' }).click();
    await panel.getByRole('button', { name: 'Dismiss' }).click();
    await expect(panel.getByRole('alert')).toBeHidden();
  } finally {
    changed();
  }

  await panel.getByRole('option', { name: /^stopped/ }).click();
  const tab = page.locator(TAB);
  await tab.getByRole('button', { name: 'Serve' }).click();
  await expect(tab.getByRole('button', { name: 'Predict' })).toBeVisible(SLOW);
  const state = path.join(root, '.e2e', 'services', 'delay.json');
  const { pid } = JSON.parse(fs.readFileSync(state, 'utf-8')) as {
    pid: number;
  };
  process.kill(pid, 'SIGSTOP');
  try {
    await run(page, 'e2e-lab:refresh');
    const service = panel.getByRole('option', { name: /^unreachable/ });
    await expect(service).toBeVisible(SLOW);
    await pictures(page, 'models-unreachable');
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await run(page, 'e2e-lab:refresh');
  await panel
    .getByRole('option', { name: /^serving/ })
    .click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Stop' }).click();
  await expect(panel.getByRole('option', { name: /^stopped/ })).toBeVisible(
    SLOW
  );
  expect(fs.existsSync(state)).toBe(false);
});

test('an alias is moved by the menu of a version', async ({ page }) => {
  test.setTimeout(180_000);
  const panel = await unfolded(await open(page, 'models', 300));
  const [newest, first] = [/deeper/, /baseline/].map(name =>
    panel.getByRole('listbox', { name: 'Models' }).getByRole('option', { name })
  );
  await expect(first).toContainText('champion');
  await newest.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Set an alias…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('textbox')).toHaveValue('champion');
  await expectAccessible(page, '.jp-Dialog');
  await page.keyboard.press('Enter');
  await expect(newest).toContainText('champion', SLOW);
  await expect(first).not.toContainText('champion');
  await newest.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Remove an alias' }).click();
  await expect(newest).not.toContainText('champion', SLOW);
});

test('a project without models says how one comes about', async ({ page }) => {
  const panel = await unfolded(await open(page, 'empty', 300));
  await expect(panel).toContainText('%e2e register RUN --as NAME');
  await pictures(page, 'models-empty');
  await expectAccessible(page);
});

/** Change a kept model's file, as a disk or a person might; what is given back mends it. */
async function changeModel(
  page: IJupyterLabPageFixture,
  run: string
): Promise<() => void> {
  const answer = await page.request.get(
    '/e2e-lab/api/models?project=models&name=delay'
  );
  const { items } = (await answer.json()) as {
    items: { run_name: string; run: string }[];
  };
  const { run: id } = items.find(({ run_name }) => run_name === run)!;
  const artifacts = path.join(await place(page, 'models'), '.e2e', 'artifacts');
  const about = fs
    .readdirSync(artifacts, { recursive: true, encoding: 'utf-8' })
    .filter(name => name.endsWith(path.join('e2e', 'model.json')))
    .map(name => path.join(artifacts, name))
    .find(name => JSON.parse(fs.readFileSync(name, 'utf-8')).run === id)!;
  const file = path.join(path.dirname(about), '..', 'model.pkl');
  const whole = fs.readFileSync(file);
  fs.appendFileSync(file, 'x');
  return () => fs.writeFileSync(file, whole);
}
