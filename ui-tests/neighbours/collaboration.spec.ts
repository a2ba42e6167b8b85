import { expect, IJupyterLabPageFixture } from '@jupyterlab/galata';
import * as fs from 'fs';

import { git, open, openNotebook, place, type } from '../tests/support';
import { beside } from './support';

const test = beside();

const FIT = `from sklearn.linear_model import Ridge
open_gates = gates["open"].astype(float)
ridge = Ridge().fit(gates[["gate"]], open_gates)`;

/** The cells of the notebook that is looked at, as its model has them, and how often the kernel ran each. */
function cells(
  page: IJupyterLabPageFixture
): Promise<{ source: string; count: number | null }[]> {
  return page.evaluate(() => {
    const { currentWidget } = window.jupyterapp.shell as unknown as {
      currentWidget: {
        content: {
          model: {
            sharedModel: {
              cells: { source: string; execution_count: number | null }[];
            };
          };
        };
      };
    };
    return currentWidget.content.model.sharedModel.cells.map(
      ({ source, execution_count: count }) => ({ source, count })
    );
  });
}

/** Both see the same cells, this line in one of them, which ran as the kernel's so-and-so-many-th. */
async function expectOnce(
  pages: IJupyterLabPageFixture[],
  line: string,
  count: number
): Promise<void> {
  for (const page of pages) {
    await expect
      .poll(async () =>
        (await cells(page)).filter(cell => cell.source === line)
      )
      .toEqual([{ source: line, count }]);
  }
  const [first, ...others] = await Promise.all(pages.map(cells));
  others.forEach(other => expect(other).toEqual(first));
}

test('two people at one notebook: what one clicks is there once, for both', async ({
  page,
  guest
}) => {
  const sidebar = await open(page, 'flights', 320);
  const folder = await place(page, 'flights');
  fs.writeFileSync(`${folder}/gates.csv`, 'gate,open\n1,1\n2,0\n3,1\n');
  await openNotebook(page, 'flights/work.ipynb');
  const theirs = await open(guest, 'flights', 320);
  await openNotebook(guest, 'flights/work.ipynb');
  const both = [page, guest];

  await type(
    page,
    '%load_ext e2e_lab\nimport pandas as pd\ngates = pd.read_csv("gates.csv")'
  );
  const offered = { name: 'Snapshot gates' };
  await expect(theirs.getByRole('button', offered)).toBeVisible({
    timeout: 30_000
  });
  await sidebar.getByRole('button', offered).click();
  await expectOnce(both, '%e2e snapshot gates', 2);
  for (const one of both) {
    const data = one.locator('#e2e-lab-data');
    await expect(data.getByRole('status')).toContainText('gates@v1');
    await expect(data.getByRole('option', { name: /^gates/ })).toBeVisible();
    await expect(
      one.getByRole('button', { name: 'This cell made gates@v1' })
    ).toBeVisible();
    await expect(
      one.locator('.jp-OutputArea').getByText('gates@v1').first()
    ).toBeVisible();
  }
  const record = JSON.parse(
    fs.readFileSync(`${folder}/data/raw/gates.json`, 'utf8')
  );
  expect(record.origin.notebook).toBe('work.ipynb');

  await type(guest, FIT);
  await sidebar.getByRole('heading', { name: 'Experiments' }).click();
  await theirs.getByRole('heading', { name: 'Experiments' }).click();
  const keep = { name: 'Keep ridge' };
  await expect(sidebar.getByRole('button', keep)).toBeVisible();
  await theirs.getByRole('button', keep).click();
  const dialog = guest.getByRole('dialog');
  const line = (await dialog.locator('code').textContent()) ?? '';
  expect(line).toContain('%e2e keep ridge');
  await dialog.getByRole('button', { name: 'Keep' }).click();
  await expectOnce(both, line, 4);
  for (const one of [sidebar, theirs]) {
    const runs = one.getByRole('listbox', { name: 'Runs of this notebook' });
    await expect(runs.getByRole('option')).toHaveCount(1);
  }

  const commit = '%e2e commit -m "both looked on"';
  await type(page, commit);
  await expectOnce(both, commit, 5);
  expect(git(folder, 'log', '-1', '--format=%s')).toBe('both looked on');
  expect(git(folder, 'show', 'HEAD:work.ipynb')).toContain('both looked on');
  for (const one of both) {
    await expect(one.getByRole('dialog')).toHaveCount(0);
  }

  for (const name of ['Data', 'Experiments', 'Changes']) {
    await sidebar.getByRole('heading', { name }).click(); // the last one open, with room
  }
  const panel = sidebar.getByRole('region', { name: 'Changes' });
  const history = panel.getByRole('listbox', { name: 'History' });
  await history.getByRole('option', { name: /clean flights/ }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: 'Restore' })
    .click();
  await expect(panel.getByRole('status')).toContainText(
    'As in “clean flights”'
  );
  for (const one of both) {
    await expect
      .poll(async () => (await cells(one)).map(({ source }) => source))
      .toEqual(['']);
  }
  await panel.getByRole('status').getByRole('button', { name: 'Undo' }).click();
  for (const one of both) {
    await expect
      .poll(async () => (await cells(one)).map(({ source }) => source))
      .toContain(commit);
  }
  for (const one of both) {
    await expect(one.getByRole('dialog')).toHaveCount(0);
  }
});
