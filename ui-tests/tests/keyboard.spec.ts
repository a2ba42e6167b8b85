import { expect, IJupyterLabPageFixture, test } from '@jupyterlab/galata';
import { Locator } from '@playwright/test';
import * as fs from 'fs';
import * as path from 'path';

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
  SIDEBAR,
  type,
  wear
} from './support';

test.use({
  ...REAL,
  actionTimeout: 10_000
});

test.afterEach(endKernels);
test.setTimeout(90_000);

const FIT = `%load_ext e2e_lab
import pandas as pd
from sklearn.linear_model import Ridge
table = pd.DataFrame({"hour": [1.0, 2.0, 3.0], "wind": [1.0, 3.0, 4.0]})
delay = pd.Series([2.0, 4.0, 7.0], name="delay")
ridge = Ridge().fit(table, delay)`;

test.beforeAll(async ({ playwright }, info) => {
  const api = await playwright.request.newContext({
    baseURL: info.project.use.baseURL
  });
  const { root } = await (await api.get('/e2e-lab/api/projects')).json();
  fs.rmSync(path.join(root, 'keys'), { recursive: true, force: true });
  make('models', path.join(root, 'keys'));
  await api.dispose();
});

test('the sections are reached in the order in which they stand, and the focus is always seen', async ({
  page
}) => {
  const sidebar = await open(page, 'keys', 240);
  await expect(option(sidebar, /^flights_clean/)).toBeVisible();
  await page.keyboard.press('Control+Shift+C');
  await page.keyboard.type('Show e2e-lab');
  await page.locator('.lm-CommandPalette-item.lm-mod-active').waitFor();
  await page.keyboard.press('Enter');
  await expect(title(sidebar, 'Flow')).toBeFocused();
  expect(await walk(page, 'Changes')).toEqual([
    'Flow',
    'Look again where this project stands',
    'Data',
    'Versions',
    'Experiments',
    'Models',
    'Copy “%e2e package delay”',
    'Service',
    'Data',
    'Ingest',
    'Raw · flights',
    'Processed · flights_clean',
    'Changes'
  ]);
  await press(page, 'ArrowUp', 'ArrowUp', 'ArrowUp'); // from Experiments, which is next
  await expect(title(sidebar, 'Flow')).toBeFocused();
  await press(page, 'Tab', 'ArrowRight', 'ArrowLeft', 'Enter'); // looks again, and folds nothing
  await expect(title(sidebar, 'Flow')).toHaveAttribute('aria-expanded', 'true');
  await press(page, 'Shift+Tab', 'End', 'Enter');
  const models = title(sidebar, 'Models & services');
  await expect(models).toHaveAttribute('aria-expanded', 'true');
  const next = sidebar.getByRole('button', { name: 'Package delay@v2' });
  await expect(next).toBeVisible();
  await press(page, 'Tab');
  await expect(next).toBeFocused();
  await press(page, 'Tab', 'End', 'Shift+F10');
  await expect(menuItem(page, 'Set an alias…')).toBeVisible();
  await press(page, 'Escape');
  await expect(list(sidebar, 'Models')).toBeFocused();
  await expectAccessible(page);
  await picture(page, 'keyboard-models', sidebar);
});

test('a dataset: its menu, its tab, its rows', async ({ page }) => {
  const sidebar = await open(page, 'keys', 300);
  await title(sidebar, 'Data').focus();
  await press(page, 'Tab', 'Tab', 'Tab');
  const processed = list(sidebar, 'Processed');
  await expect(processed).toBeFocused();
  await press(page, 'ContextMenu');
  await menuItem(page, 'Rename…').waitFor();
  await press(page, 'ArrowDown'); // past what the browser's own menu is
  while (!(await activeItem(page)).includes('Rename')) {
    await press(page, 'ArrowDown');
  }
  await press(page, 'Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('textbox')).toBeFocused();
  await press(page, 'Escape');
  await expect(processed).toBeFocused();

  const read = page.waitForResponse(/\/rows\?/);
  await press(page, 'Enter');
  const tab = page.locator('.e2e-DatasetTab');
  await expect(tab.getByRole('heading')).toHaveText('flights_clean@v1');
  await tab.getByRole('tab', { name: 'Rows' }).focus();
  await press(page, 'End');
  await expect(tab.getByRole('tab', { name: 'Lineage' })).toBeFocused();
  await press(page, 'Home', 'Tab');
  const rows = tab.getByRole('application', { name: 'Rows' });
  await expect(rows).toBeFocused();
  await read;
  await expect(tab.getByText('Reading…')).toBeHidden({ timeout: 15_000 });
  await press(page, 'ArrowDown', 'ArrowRight', 'ArrowRight', 'ArrowRight');
  await expect(tab.getByRole('status')).toHaveText(/^carrier: \w\w · 1$/);
  await picture(page, 'keyboard-rows', tab);
  await press(page, 'Tab');
  await expect(rows).not.toBeFocused(); // Tab is no trap
  await expectAccessible(page, '.e2e-DatasetTab');
});

test('a commit, by key and by button, and what a restore would do', async ({
  page
}) => {
  const folder = await place(page, 'keys');
  fs.writeFileSync(path.join(folder, 'gates.py'), 'gates = 7\n');
  const sidebar = await open(page, 'keys', 300);
  await title(sidebar, 'Changes').focus();
  await press(page, 'Enter', 'Tab');
  const message = sidebar.getByRole('textbox', { name: /^Message/ });
  await expect(message).toBeVisible();
  await message.focus();
  await page.keyboard.type('gates');
  await expect(list(sidebar, 'Code')).toContainText('gates.py');
  await press(page, 'Control+Enter');
  const answer = sidebar.getByRole('status');
  await expect(answer).toContainText('“gates”', { timeout: 15_000 });
  await expect(message).toBeFocused();
  await expect(message).toHaveValue('');

  fs.writeFileSync(path.join(folder, 'gates.py'), 'gates = 8\n');
  await run(page, 'e2e-lab:refresh');
  await expect(list(sidebar, 'Code')).toBeVisible();
  await page.keyboard.type('one gate more');
  await press(page, 'Tab', 'Enter');
  await expect(answer).toContainText('“one gate more”', { timeout: 15_000 });
  const dismiss = sidebar.getByRole('button', { name: 'Dismiss' });
  await expect(dismiss).toBeFocused(); // the button cannot be used any more
  await press(page, 'Enter');
  await expect(answer).toBeHidden();

  const history = list(sidebar, 'History');
  await expect(history).toBeFocused();
  await press(page, 'End', 'Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('gates.py');
  await expectAccessible(page, '.jp-Dialog');
  await press(page, 'Escape');
  await expect(history).toBeFocused();
  expect(fs.existsSync(path.join(folder, 'gates.py'))).toBe(true);
});

test('a model kept, a table saved, runs chosen and compared', async ({
  page
}) => {
  const sidebar = await open(page, 'keys', 300);
  await openNotebook(page, 'keys/train.ipynb');
  await type(page, FIT);
  await title(sidebar, 'Experiments').focus();
  await press(page, 'Enter');
  const keep = sidebar.getByRole('button', { name: 'Keep ridge' });
  await expect(keep).toBeVisible({ timeout: 30_000 });
  await press(page, 'Tab', 'Tab');
  await expect(keep).toBeFocused();
  await press(page, 'Enter');
  const dialog = page.getByRole('dialog');
  const name = dialog.getByLabel('Name of the run');
  await expect(name).toBeFocused();
  const yes = dialog.getByRole('button', { name: 'Keep' });
  await press(page, 'Tab', 'Tab', 'Tab', 'Tab');
  await expect(yes).toBeFocused();
  await press(page, 'Tab'); // and round
  await expect(name).toBeFocused();
  await press(page, 'Escape');
  await expect(keep).toBeFocused();
  await press(page, 'Enter');
  await expect(name).toBeFocused();
  await press(page, 'Enter');
  const runs = list(sidebar, 'Runs of this notebook');
  await expect(runs.getByRole('option')).toHaveCount(3, { timeout: 30_000 });
  await expect(keep).toBeHidden();
  expect(await isLost(page)).toBe(false);

  const save = sidebar.getByRole('button', { name: 'Snapshot table' });
  await save.focus();
  await press(page, 'Enter');
  await expect(dialog.getByRole('textbox')).toBeFocused();
  await press(page, 'Enter');
  await expect(sidebar.getByRole('status')).toContainText('table@v1', {
    timeout: 15_000
  });
  expect(await isLost(page)).toBe(false);

  await title(sidebar, 'Experiments').focus();
  await press(page, 'Tab', 'Enter');
  const table = page.locator('.e2e-RunTable');
  await expect(table).toContainText('3 runs');
  await table.getByLabel('Sort by', { exact: true }).focus();
  await page.keyboard.type('rmse');
  await expect(table.getByLabel('Sort by', { exact: true })).toHaveValue(
    'metric.rmse'
  );
  const grid = table.getByRole('application', { name: 'Runs' });
  await press(page, 'Tab', 'Tab', 'Tab');
  await expect(grid).toBeFocused();
  const said = table.getByRole('status').last();
  await expect(said).toContainText(/^deeper · finished/);
  await press(page, 'Space');
  await expect(said).toContainText(/^chosen · deeper/);
  await press(page, 'ArrowDown', 'Space');
  await expect(said).toContainText(/^chosen · baseline/);
  await picture(page, 'keyboard-runs', table);
  const compare = table.getByRole('button', { name: 'Compare' });
  while (!(await compare.evaluate(node => node.matches(':focus')))) {
    await press(page, 'Shift+Tab');
  }
  await press(page, 'Enter');
  const compared = page.getByRole('region', { name: '2 runs compared' });
  await expect(compared).toContainText('baseline');
  await expect(compared).toBeFocused();
  await table.getByRole('button', { name: 'Choose none' }).focus();
  await press(page, 'Enter');
  await expect(table).toContainText('3 runs'); // and the button is gone
  expect(await isLost(page)).toBe(false);
});

test('in a low window the commit box stays whole, whatever is unfolded', async ({
  page
}) => {
  await page.setViewportSize({ width: 1280, height: 600 });
  const sidebar = await open(page, 'keys', 240);
  for (const name of ['Changes', 'Models & services', 'Experiments']) {
    await title(sidebar, name).focus();
    await press(page, 'Enter');
  }
  await press(page, 'ArrowUp');
  await expect(title(sidebar, 'Changes')).toBeFocused();
  await press(page, 'Enter', 'Enter'); // folded, and unfolded again
  const message = sidebar.getByRole('textbox', { name: /^Message/ });
  for (const part of [
    message,
    sidebar.getByRole('button', { name: 'Commit', exact: true })
  ]) {
    await expect(part).toBeInViewport({ ratio: 1 });
    expect(await isUncovered(part)).toBe(true);
  }
  await picture(page, 'low-window', sidebar);
});

test('in high contrast, and in the colours of the system', async ({ page }) => {
  const sidebar = await open(page, 'keys', 240);
  await wear(page, 'contrast');
  await expect(option(sidebar, /^flights_clean/)).toBeVisible();
  await picture(page, 'panels-240-contrast', sidebar);
  await expectAccessible(page);
  for (const [name, sign] of SECTIONS) {
    await title(sidebar, name).click();
    await expect(sidebar.getByText(sign).first()).toBeVisible();
    await expectAccessible(page);
    await picture(
      page,
      `contrast-${name.split(' ')[0].toLowerCase()}`,
      sidebar
    );
    if (name !== 'Models & services') {
      await title(sidebar, name).click();
    }
  }
  await option(sidebar, /^flights_clean/).click();
  const tab = page.locator('.e2e-DatasetTab');
  await tab.getByRole('tab', { name: 'Lineage' }).click();
  await expect(tab.getByRole('listitem')).toHaveCount(3);
  await expectAccessible(page, '.e2e-DatasetTab');

  await page.emulateMedia({ forcedColors: 'active' });
  const next = sidebar.getByRole('button', { name: 'Package delay@v2' });
  await expect(next).toHaveCSS('border-top-style', 'solid');
  const lines = (part: Locator, side: string) =>
    part.evaluate(
      (node, side) => getComputedStyle(node).getPropertyValue(side),
      `border-${side}-color`
    );
  const [chosen, other] = ['Lineage', 'Rows'].map(name =>
    tab.getByRole('tab', { name })
  );
  expect(await lines(chosen, 'bottom')).not.toBe(await lines(other, 'bottom'));
  await list(sidebar, 'Models').focus();
  const [first, second] = [0, 1].map(i =>
    list(sidebar, 'Models').getByRole('option').nth(i)
  );
  expect(await lines(first, 'left')).not.toBe(await lines(second, 'left'));
  await picture(page, 'forced-colours');
});

/** Sections that are folded at first, and what stands in them. */
const SECTIONS = [
  ['Changes', 'History'],
  ['Experiments', 'deeper'],
  ['Models & services', 'Package delay@v2']
] as const;

/** Press one key after the other. */
async function press(page: IJupyterLabPageFixture, ...keys: string[]) {
  for (const key of keys) {
    await page.keyboard.press(key);
  }
}

function title(sidebar: Locator, name: string): Locator {
  return sidebar.getByRole('heading', { name, exact: true });
}

function list(sidebar: Locator, name: string): Locator {
  return sidebar.getByRole('listbox', { name });
}

function option(sidebar: Locator, name: RegExp): Locator {
  return sidebar.getByRole('option', { name });
}

function menuItem(page: IJupyterLabPageFixture, name: string): Locator {
  return page.getByRole('menuitem', { name });
}

async function activeItem(page: IJupyterLabPageFixture): Promise<string> {
  const items = page.locator('.lm-Menu-item.lm-mod-active');
  return (await items.allTextContents()).join();
}

/** The names of what Tab leads to, from what has the focus to the title of a section; each shows that it has it. */
async function walk(
  page: IJupyterLabPageFixture,
  last: string
): Promise<string[]> {
  const names: string[] = [];
  for (let i = 0; i < 30 && names[names.length - 1] !== last; i++) {
    const { name, seen, inside } = await page.evaluate(sidebar => {
      const host = document.activeElement as HTMLElement;
      let at: Element = host;
      while (at.shadowRoot?.activeElement) {
        at = at.shadowRoot.activeElement;
      }
      const active = host.getAttribute('aria-activedescendant');
      const option = active ? document.getElementById(active) : null;
      const label = host.getAttribute('aria-label') ?? host.textContent;
      const chosen = option?.querySelector('.e2e-Name')?.textContent;
      const style = getComputedStyle(option ?? at);
      return {
        name: chosen ? `${label} · ${chosen}` : `${label}`,
        seen:
          style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        inside: host.closest(sidebar) !== null
      };
    }, SIDEBAR);
    expect({ name, seen, inside }).toEqual({ name, seen: true, inside: true });
    names.push(name);
    await press(page, 'Tab');
  }
  return names;
}

/** Whether nothing has the focus. */
function isLost(page: IJupyterLabPageFixture): Promise<boolean> {
  return page.evaluate(() => document.activeElement === document.body);
}

/** Whether an element can be clicked at its corners: no border of a section cuts it. */
function isUncovered(part: Locator): Promise<boolean> {
  return part.evaluate(node => {
    const { left, right, top, bottom } = node.getBoundingClientRect();
    return [top + 2, bottom - 2].every(y =>
      [left + 2, right - 2].every(x =>
        node.contains(document.elementFromPoint(x, y))
      )
    );
  });
}
