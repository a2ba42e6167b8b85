import AxeBuilder from '@axe-core/playwright';
import { expect, galata, IJupyterLabPageFixture } from '@jupyterlab/galata';
import { APIRequestContext, Locator } from '@playwright/test';
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

export const SIDEBAR = '#e2e-lab-sidebar';
/** `E2E_PICTURES=1` makes the pictures of the documentation anew; otherwise they lie with the results. */
const PICTURES = process.env.E2E_PICTURES
  ? path.join(__dirname, '..', '..', 'docs', 'screenshots')
  : path.join(__dirname, '..', 'test-results', 'pictures');

/** What most files use: kernels and sessions are the server's own; galata would answer for everything below their routes. */
export const REAL = {
  autoGoto: false,
  kernels: null,
  sessions: null,
  mockSettings: galata.DEFAULT_SETTINGS,
  viewport: { width: 1280, height: 800 }
};

/** Terminals, configuration, state and user are the server's own, too: nothing stands before it. */
export const ALL_REAL = {
  ...REAL,
  terminals: null,
  mockConfig: false,
  mockState: false,
  mockUser: false
};

/** Open Lab with the file browser in a folder, and the sidebar at a width. */
export async function open(
  page: IJupyterLabPageFixture,
  folder: string,
  width?: number
): Promise<Locator> {
  await page.goto(`tree/${folder}?reset`);
  return show(page, width);
}

/** Show the sidebar. */
export async function show(
  page: IJupyterLabPageFixture,
  width?: number
): Promise<Locator> {
  await page.sidebar.openTab('e2e-lab-sidebar');
  if (width) {
    await widen(page, width);
  }
  return page.locator(SIDEBAR);
}

/** Give the sidebar a width; a drag that the page was too busy for is repeated. */
export async function widen(
  page: IJupyterLabPageFixture,
  width: number
): Promise<void> {
  await expect(async () => {
    await expect(page.locator(SIDEBAR)).toBeVisible();
    await page.sidebar.setWidth(width);
    const box = await page.locator(SIDEBAR).boundingBox();
    expect(Math.abs((box?.width ?? 0) - width)).toBeLessThan(2);
  }).toPass();
}

/** Open a notebook and wait for its kernel. */
export async function openNotebook(
  page: IJupyterLabPageFixture,
  file: string
): Promise<void> {
  await run(page, 'docmanager:open', { path: file });
  await page.locator('.jp-NotebookPanel:visible').waitFor();
  await page.evaluate(async () => {
    const { currentWidget } = window.jupyterapp.shell as unknown as {
      currentWidget: { sessionContext: { ready: Promise<void> } };
    };
    await currentWidget.sessionContext.ready;
  });
}

/** Write a cell below the active one, and run it. */
export async function type(
  page: IJupyterLabPageFixture,
  source: string
): Promise<void> {
  await write(page, source);
  await run(page, 'notebook:run-cell');
}

/** Write a cell below the active one. */
export async function write(
  page: IJupyterLabPageFixture,
  source: string
): Promise<void> {
  await run(page, 'notebook:insert-cell-below');
  await fill(page, source);
}

/** Put these words into the active cell. */
export async function fill(
  page: IJupyterLabPageFixture,
  source: string
): Promise<void> {
  await page.evaluate(source => {
    const { currentWidget } = window.jupyterapp.shell as unknown as {
      currentWidget: {
        content: {
          activeCell: {
            model: { sharedModel: { setSource(s: string): void } };
          };
        };
      };
    };
    currentWidget.content.activeCell.model.sharedModel.setSource(source);
  }, source);
}

/** Carry out a command without waiting for a value that cannot travel. */
export async function run(
  page: IJupyterLabPageFixture,
  command: string,
  args: Record<string, string> = {}
): Promise<void> {
  await page.evaluate(
    async ([command, args]) => {
      await window.jupyterapp.commands.execute(
        command as string,
        args as Record<string, string>
      );
    },
    [command, args] as const
  );
}

/** End the kernels that a test began; galata sees to it only where it stands before their routes. */
export async function endKernels({
  request
}: {
  request: APIRequestContext;
}): Promise<void> {
  const sessions = await (await request.get('/api/sessions')).json();
  for (const { id } of sessions as { id: string }[]) {
    await request.delete(`/api/sessions/${id}`);
  }
}

/** Where a folder of the server is on this machine. */
export async function place(
  page: IJupyterLabPageFixture,
  folder: string
): Promise<string> {
  const answer = await page.request.get('/e2e-lab/api/projects');
  const { root } = (await answer.json()) as { root: string };
  return path.join(root, folder);
}

/** What the real git says. */
export function git(folder: string, ...words: string[]): string {
  const out = execFileSync('git', ['-C', folder, ...words]);
  return out.toString().trim();
}

/** Nothing in our parts breaks a rule of accessibility. */
export async function expectAccessible(
  page: IJupyterLabPageFixture,
  selector = SIDEBAR
): Promise<void> {
  const found = await new AxeBuilder({ page }).include(selector).analyze();
  const told = found.violations.map(rule => ({
    rule: rule.id,
    nodes: rule.nodes.map(node => node.html)
  }));
  expect(told).toEqual([]);
}

/** A picture for the documentation: of all, or of one part. */
export async function picture(
  page: IJupyterLabPageFixture,
  name: string,
  part?: Locator
): Promise<void> {
  await page.mouse.move(1270, 2);
  await (part ?? page).screenshot({
    path: path.join(PICTURES, `${name}.png`),
    animations: 'disabled',
    caret: 'hide'
  });
}

/** Every look that the sidebar has: light and dark, narrow and wide. */
export async function* looks(
  page: IJupyterLabPageFixture
): AsyncGenerator<string> {
  for (const theme of ['light', 'dark'] as const) {
    await wear(page, theme);
    for (const width of [240, 400]) {
      await widen(page, width);
      yield `${width}-${theme}`;
    }
  }
  await wear(page, 'light');
}

/** Change the theme, and wait for it. */
export async function wear(
  page: IJupyterLabPageFixture,
  look: keyof typeof THEMES
): Promise<void> {
  const theme = THEMES[look];
  await run(page, 'apputils:change-theme', { theme });
  await page.waitForFunction(
    theme => document.body.dataset.jpThemeName === theme,
    theme
  );
}

const THEMES = {
  light: 'JupyterLab Light',
  dark: 'JupyterLab Dark',
  contrast: 'JupyterLab Dark High Contrast'
};

/** The sidebar in every look. */
export async function pictures(
  page: IJupyterLabPageFixture,
  name: string
): Promise<void> {
  for await (const look of looks(page)) {
    await picture(page, `${name}-${look}`, page.locator(SIDEBAR));
  }
}

/** A new project in a folder, with a table of flights and a notebook of these cells. */
export async function createProject(
  page: IJupyterLabPageFixture,
  folder: string,
  cells: string[] = []
): Promise<Locator> {
  fs.rmSync(await place(page, folder), { recursive: true, force: true }); // of a first try
  await page.contents.createDirectory(folder);
  const csv = 'flight,dep_delay\n' + '1545,2\n1714,4\n725,-1\n'.repeat(200);
  await page.contents.uploadContent(csv, 'text', `${folder}/flights 2013.csv`);
  const kernelspec = { name: 'python3', display_name: 'Python 3' };
  const notebook = {
    cells: cells.map((source, i) => ({
      ...{ cell_type: 'code', id: `cell-${i}`, source, metadata: {} },
      ...{ outputs: [], execution_count: null }
    })),
    metadata: { kernelspec },
    ...{ nbformat: 4, nbformat_minor: 5 }
  };
  const text = JSON.stringify(notebook);
  await page.contents.uploadContent(text, 'text', `${folder}/new.ipynb`);
  const sidebar = await open(page, folder, 300);
  await sidebar.getByRole('button', { name: 'Create a project here' }).click();
  await expect(sidebar.getByRole('list', { name: 'Rooms' })).toBeVisible();
  return sidebar;
}
