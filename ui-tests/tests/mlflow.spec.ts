import { expect, test } from '@jupyterlab/galata';
import * as fs from 'fs';
import * as path from 'path';

import {
  createProject,
  endKernels,
  expectAccessible,
  open,
  picture,
  place,
  REAL,
  run,
  SIDEBAR,
  wear
} from './support';
import { make } from './server';

test.use({
  ...REAL,
  viewport: { width: 1280, height: 900 },
  actionTimeout: 15_000
});

test.afterEach(endKernels);
test.setTimeout(180_000);

test('MLflow’s own pages open by a click, and again after a reload', async ({
  page
}) => {
  const away: string[] = [];
  page.on('request', request => {
    const { hostname, protocol } = new URL(request.url());
    if (hostname !== '127.0.0.1' && /^(http|ws)/.test(protocol)) {
      away.push(request.url());
    }
  });
  await page.goto();
  make('models', path.join(await place(page, ''), 'modelled'));
  const sidebar = await open(page, 'modelled', 300);
  const title = sidebar.locator('.jp-AccordionPanel-title', {
    hasText: 'Experiments'
  });
  if ((await title.getAttribute('aria-expanded')) !== 'true') {
    await title.click();
  }
  await title
    .getByRole('button', { name: "Show the runs in MLflow's own pages" })
    .click();
  const tab = page.locator('.e2e-MlflowTab');
  await expect(tab).toContainText('MLflow is being started');
  await expectAccessible(page, '.e2e-MlflowTab');
  await picture(page, 'mlflow-1-starting');
  const inside = page.frameLocator('.e2e-MlflowTab iframe');
  await expect(inside.getByText('deeper').first()).toBeVisible({
    timeout: 90_000
  });
  await expect(inside.getByText('baseline').first()).toBeVisible();
  await picture(page, 'mlflow-light');

  // A run's own menu opens it there, in the same tab.
  const row = page
    .locator(`${SIDEBAR} #e2e-lab-experiments`)
    .getByRole('option', {
      name: /baseline/
    });
  await row.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Open in MLflow' }).click();
  await expect(inside.getByText('slope').first()).toBeVisible({
    timeout: 30_000
  });
  await expect(tab).toHaveCount(1);
  await picture(page, 'mlflow-run-light');

  // A reload shows the same page of the same process.
  const url = await page.locator('.e2e-MlflowTab iframe').getAttribute('src');
  await page.waitForTimeout(2000); // Lab saves its layout
  await page.reload({ waitForIsReady: false });
  await expect(inside.getByText('slope').first()).toBeVisible({
    timeout: 60_000
  });
  const again = await page.locator('.e2e-MlflowTab iframe').getAttribute('src');
  expect(again?.split('#')[0]).toBe(url?.split('#')[0]);

  await wear(page, 'dark');
  await expect(inside.locator('body.dark-mode')).toBeVisible({
    timeout: 30_000
  });
  await expect(inside.getByText('slope').first()).toBeVisible();
  await picture(page, 'mlflow-run-dark');
  await run(page, 'e2e-lab:open-mlflow');
  await expect(inside.getByText('deeper').first()).toBeVisible();
  await picture(page, 'mlflow-dark');
  expect(away).toEqual([]);
});

test('a start that fails says why, and can be tried again', async ({
  page
}) => {
  await createProject(page, 'unlucky');
  const home = path.join(await place(page, 'unlucky'), '.e2e');
  fs.writeFileSync(path.join(home, 'mlflow.db'), 'no database at all');
  await run(page, 'e2e-lab:open-mlflow');
  const said = page.locator('.e2e-MlflowTab').getByRole('alert');
  await expect(said).toContainText(/ended while it started.*not a database/s, {
    timeout: 60_000
  });
  await expectAccessible(page, '.e2e-MlflowTab');
  await picture(page, 'mlflow-failed');
  for (const name of fs.readdirSync(home)) {
    if (name.startsWith('mlflow.db')) {
      fs.rmSync(path.join(home, name));
    }
  }
  await said.getByRole('button', { name: 'Retry' }).click();
  const inside = page.frameLocator('.e2e-MlflowTab iframe');
  await expect(inside.getByText('unlucky').first()).toBeVisible({
    timeout: 90_000
  });
});
