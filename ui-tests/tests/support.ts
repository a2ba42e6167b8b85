import AxeBuilder from '@axe-core/playwright';
import { expect, IJupyterLabPageFixture } from '@jupyterlab/galata';
import { Locator } from '@playwright/test';
import * as path from 'path';

export const SIDEBAR = '#e2e-lab-sidebar';
/** `E2E_PICTURES=1` makes the pictures of the documentation anew; otherwise they lie with the results. */
const PICTURES = process.env.E2E_PICTURES
  ? path.join(__dirname, '..', '..', 'docs', 'screenshots')
  : path.join(__dirname, '..', 'test-results', 'pictures');

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
    await page.sidebar.setWidth(width);
    const box = await page.locator(SIDEBAR).boundingBox();
    expect(Math.abs((box?.width ?? 0) - width)).toBeLessThan(20);
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
  await run(page, 'notebook:insert-cell-below');
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
  await run(page, 'notebook:run-cell');
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
  for (const theme of ['Light', 'Dark']) {
    await run(page, 'apputils:change-theme', { theme: `JupyterLab ${theme}` });
    await page.waitForFunction(
      light => document.body.dataset.jpThemeLight === String(light),
      theme === 'Light'
    );
    for (const width of [240, 400]) {
      await widen(page, width);
      yield `${width}-${theme.toLowerCase()}`;
    }
  }
  await run(page, 'apputils:change-theme', { theme: 'JupyterLab Light' });
}

/** The sidebar in every look. */
export async function pictures(
  page: IJupyterLabPageFixture,
  name: string
): Promise<void> {
  for await (const look of looks(page)) {
    await picture(page, `${name}-${look}`, page.locator(SIDEBAR));
  }
}
