import {
  expect,
  IJupyterLabPageFixture,
  test as base
} from '@jupyterlab/galata';
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

import { hold } from './held';
import { make, Server } from './server';
import { ALL_REAL, fill, git, picture, show, SIDEBAR } from './support';

/** A Jupyter server of its own, on a machine where git knows nobody, with a folder in which nothing is. */
const test = base.extend<{ server: Server }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the names from it
  server: async ({}, provide) => {
    const server = await Server.start({ nobody: true, empty: 'delays' });
    await provide(server);
    await server.stop();
    try {
      await expect.poll(() => left(server.root), SLOW).toEqual([]);
    } finally {
      left(server.root).forEach(pid => process.kill(pid, 'SIGKILL')); // where the test did not get so far
      await server.remove();
    }
  },
  baseURL: async ({ server }, provide) => provide(server.url)
});

test.use({ ...ALL_REAL, actionTimeout: 20_000 });

/** Keeping, packaging and serving start processes that import pandas and scikit-learn. */
const SLOW = { timeout: 60_000 };

const READ = `import pandas as pd

flights = pd.read_csv("flights.csv")
flights.head(3)`;

const CLEAN = `columns = ["carrier", "origin", "distance", "hour", "dep_delay", "arr_delay"]
clean = flights[columns].dropna()`;

const FIT = `from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

X, y = clean.drop(columns="arr_delay"), clean["arr_delay"]
encode = make_column_transformer(
    (OneHotEncoder(sparse_output=False), ["carrier", "origin"]), remainder="passthrough"
)
arrival = make_pipeline(encode, HistGradientBoostingRegressor(max_iter=40)).fit(X, y)
mae = mean_absolute_error(y, arrival.predict(X))`;

test('with the mouse alone: from an empty folder to a served, tried and traced model', async ({
  page,
  server
}) => {
  test.setTimeout(240_000);
  const folder = path.join(server.root, 'delays');
  await page.goto('tree/delays');
  const sidebar = await show(page, 330);
  const part = (name: string) =>
    page.getByRole('region', { name, exact: true });

  // An empty folder becomes a project.
  expect(fs.readdirSync(folder)).toEqual([]);
  await picture(page, 'journey-1-empty');
  await sidebar.getByRole('button', { name: 'Create a project here' }).click();
  const rooms = sidebar.getByRole('list', { name: 'Rooms' });
  await expect(rooms).toBeVisible();

  // The table that a cell reads is offered, and saved.
  make('departures', path.join(folder, 'flights.csv')); // as a colleague might send it
  await page.locator('.jp-LauncherCard[title^="Python 3"]').first().click();
  const notebook = page.locator('.jp-Notebook');
  const data = part('Data');
  const load = data.getByRole('button', { name: 'Load e2e_lab' });
  await expect(load).toBeVisible(SLOW); // the server fails to list a folder in which a file is renamed meanwhile
  const dialog = page.getByRole('dialog');
  const save = page.getByRole('button', { name: /^Save and create/ });
  await save.click(); // JupyterLab asks for a name then
  await dialog.getByRole('textbox').fill('delays.ipynb');
  await dialog.getByRole('button', { name: /^Rename/ }).click();
  await load.click();
  await expect(data).toContainText('Tables that a cell makes', SLOW);
  await write(page, READ);
  const snapshot = data.getByRole('button', { name: 'Snapshot flights' });
  await expect(snapshot).toBeVisible(SLOW);
  await picture(page, 'journey-2-offered');
  await snapshot.click();
  const saved = data.getByRole('status');
  await expect(saved).toContainText('flights@v1', SLOW);

  // What is made of it is saved with where it came from.
  await write(page, CLEAN);
  await expect(data).toContainText('from flights@v1');
  await data.getByRole('button', { name: 'Snapshot clean' }).click();
  await expect(saved).toContainText('clean@v1', SLOW);
  await expect(notebook).toContainText('%e2e snapshot clean');
  await picture(page, 'journey-3-kept');

  // Code and data are committed together, by somebody.
  await rooms.getByRole('button', { name: 'Versions' }).click();
  const changes = part('Changes');
  const message = changes.getByRole('textbox', { name: /Message/ });
  await message.click();
  await page.keyboard.type('January, cleaned');
  await changes.getByRole('button', { name: 'Commit' }).click();
  await expect(dialog).toContainText('Who is committing?');
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Ada Lovelace');
  await dialog.getByRole('textbox', { name: 'Email' }).fill('ada@example.org');
  await dialog.getByRole('button', { name: 'Commit' }).click();
  await expect(changes.getByRole('status')).toContainText('cleaned”', SLOW);
  await picture(page, 'journey-4-committed');

  // A fitted model is kept as a run.
  await write(page, FIT);
  await rooms.getByRole('button', { name: 'Experiments' }).click();
  const experiments = part('Experiments');
  await experiments.getByRole('button', { name: 'Keep arrival' }).click(SLOW);
  await expect(dialog.getByLabel('Name of the run')).toHaveValue('arrival');
  await picture(page, 'journey-5-keep');
  await dialog.getByRole('button', { name: 'Keep' }).click();
  const run = experiments.getByRole('option', { name: /^finished arrival/ });
  await expect(run).toContainText('mae', SLOW);

  // Its code is committed, too; who commits is known now.
  await page
    .locator('.jp-NotebookPanel-toolbar')
    .getByRole('button', { name: 'Commit' })
    .click();
  await expect(message).toBeFocused();
  await page.keyboard.type('Arrival delay');
  await changes.getByRole('button', { name: 'Commit' }).click();
  await expect(changes.getByRole('status')).toContainText('delay”', SLOW);

  // What is done is folded away.
  for (const name of ['Data', 'Changes', 'Experiments']) {
    await page
      .locator(SIDEBAR)
      .getByRole('heading', { name, exact: true })
      .click();
  }

  // The run's model gets a name, and is packaged; meanwhile the page is loaded anew.
  await rooms.getByRole('button', { name: 'Models' }).click();
  const models = part('Models & services');
  await models.getByRole('button', { name: 'Register arrival…' }).click(SLOW);
  await dialog.getByRole('button', { name: 'Register' }).click();
  await models.getByRole('button', { name: 'Package arrival@v1' }).click(SLOW);
  const working = models.getByRole('status');
  const job = await hold(folder, 'building the Bento');
  try {
    await expect(working).toContainText('building the Bento', SLOW);
    await page.reload({ waitForIsReady: false }); // that would wait for a launcher
    await expect(working).toContainText('building the Bento', SLOW);
    await expect(notebook).toContainText('mean_absolute_error');
    await expect(page.getByText('(ipykernel) | Idle')).toBeVisible(SLOW);
    await picture(page, 'journey-6-reloaded');
  } finally {
    job.release();
  }
  await expect(working).toContainText(/rows answered equal to the model/, SLOW);
  const serve = { name: 'Serve arrival@v1', exact: true };
  await expect(models.getByRole('button', serve)).toBeVisible();
  await picture(page, 'journey-7-packaged');

  // It is served, and asked with a real row.
  await models.getByRole('button', serve).click();
  await models.getByRole('button', { name: 'Try arrival' }).click(SLOW);
  const tab = page.locator('.e2e-ServiceTab');
  await expect(tab.getByLabel('distance int64')).toHaveValue(/^\d/, SLOW);
  await tab.getByRole('button', { name: 'Predict' }).click();
  const answer = tab.getByRole('status', { name: 'Answer' });
  await expect(answer).toContainText('Equal to the model: yes', SLOW);
  const trace = tab.getByRole('list', { name: 'What came from what' });
  for (const name of ['flights.csv', 'flights@v1', 'clean@v1', 'arrival@v1'])
    await expect(trace).toContainText(name, SLOW);
  await expect(models).toContainText('1 request ·', SLOW);
  await withoutToasts(page);
  await picture(page, 'journey-8-traced');

  // What others see of it: git, a shell, and who asks the service.
  expect(git(folder, 'log', '--format=%an: %s')).toBe(
    'Ada Lovelace: Arrival delay\nAda Lovelace: January, cleaned'
  );
  const committed = git(folder, 'show', '--format=', '--name-only', 'HEAD~1');
  for (const name of ['data/raw/flights.json', 'data/processed/clean.json'])
    expect(committed.split('\n')).toContain(name);
  const id = await answer.locator('.e2e-Answered-id code').innerText();
  const traced = execFileSync('e2e', ['trace', id], { cwd: folder }).toString();
  for (const name of ['arrival@v1', 'clean@v1', 'flights@v1', 'flights.csv'])
    expect(traced).toContain(name);
  await tab.getByRole('tab', { name: 'Code' }).click();
  await tab.getByRole('button', { name: 'Show the token' }).click();
  const curl = tab.getByRole('region', { name: 'curl' }).locator('pre');
  await expect(curl).not.toContainText('TOKEN');
  const said = execFileSync('bash', ['-c', await curl.innerText()]).toString();
  expect(JSON.parse(said)).toMatchObject({ model: 'arrival@v1' });

  // Stopped, and when the server has ended, too, no process is left.
  await tab.getByRole('button', { name: 'Stop' }).click();
  await expect(tab.getByRole('button', { name: 'Serve' })).toBeVisible(SLOW);
});

/** Where pictures are made for people, nothing lies over the page. */
async function withoutToasts(page: IJupyterLabPageFixture): Promise<void> {
  if (process.env.E2E_PICTURES) {
    for (const hide of await page.getByTitle('Hide notification').all()) {
      await hide.click();
    }
    await expect(page.locator('.Toastify__toast')).toHaveCount(0, SLOW);
  }
}

/** The processes that the server of this root began, or that these began, and that still are. */
function left(root: string): number[] {
  const began = (pid: string) => {
    try {
      return fs.readFileSync(`/proc/${pid}/environ`, 'utf-8').includes(root);
    } catch {
      return false; // it ended meanwhile
    }
  };
  return fs
    .readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && began(name))
    .map(Number);
}

/** Write a cell at the end of the notebook, and run it by the button of the toolbar. */
async function write(
  page: IJupyterLabPageFixture,
  source: string
): Promise<void> {
  const cells = page.locator('.jp-Notebook .jp-CodeCell');
  const before = await cells.count();
  await page.getByRole('button', { name: 'Click to add a cell.' }).click();
  await expect(cells).toHaveCount(before + 1);
  await fill(page, source);
  await page
    .locator('.jp-NotebookPanel-toolbar')
    .getByRole('button', { name: /^Run this cell/ })
    .click();
}
