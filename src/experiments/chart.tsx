import { IThemeManager } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { JSONObject } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { IColours, Spec } from './charts';

const VEGA_LITE = 'application/vnd.vegalite.v5+json';

/** What draws charts: JupyterLab's own renderer, in the colours of its theme. */
export interface IDrawing {
  readonly rendermime: IRenderMimeRegistry;
  readonly themes: IThemeManager | null;
}

/** The theme's colours as they are now. */
export function colours(): IColours {
  const style = getComputedStyle(document.body);
  const of = (name: string) => style.getPropertyValue(`--jp-${name}`).trim();
  return {
    text: of('ui-font-color1'),
    quiet: of('ui-font-color2'),
    line: of('border-color2'),
    font: of('ui-font-family'),
    runs: [
      of('brand-color1'),
      of('warn-color1'),
      of('success-color1'),
      of('error-color1'),
      of('info-color1'),
      of('ui-font-color2')
    ]
  };
}

/** How long the width must rest before a chart is drawn anew. */
const REST_MS = 120;

/** A chart, drawn by JupyterLab's renderer of Vega-Lite; again when the theme or the width is another. */
export function Chart(props: {
  label: string;
  drawing: IDrawing;
  spec: (colours: IColours) => Spec | null;
}): React.ReactElement {
  const { label, drawing, spec } = props;
  const node = React.useRef<HTMLDivElement>(null);
  const width = useWidth(node);
  const theme = useTheme(drawing);
  const text = JSON.stringify(spec(colours()));
  React.useEffect(() => {
    const host = node.current;
    const drawn = JSON.parse(text) as (Spec & { usermeta: object }) | null;
    if (!host || !drawn || width === 0) {
      return;
    }
    const { rendermime } = drawing;
    const renderer = rendermime.createRenderer(VEGA_LITE);
    const { usermeta } = drawn as { usermeta: { embedOptions: object } };
    const model = rendermime.createModel({
      data: { [VEGA_LITE]: { ...drawn, width } as unknown as JSONObject },
      metadata: {
        [VEGA_LITE]: { embed_options: { ...usermeta.embedOptions } }
      }
    });
    Widget.attach(renderer, host);
    void renderer.renderModel(model).then(() => describe(renderer.node, label));
    return () => renderer.dispose();
  }, [text, theme, width, drawing, label]);
  return <div ref={node} className="e2e-Vega" />;
}

/** Vega names the parts of its drawing one by one; the whole is one picture with one name. */
function describe(node: HTMLElement, label: string): void {
  const svg = node.querySelector('svg');
  svg?.setAttribute('role', 'img');
  svg?.setAttribute('aria-label', label);
  svg?.querySelectorAll('[role], [aria-label]').forEach(part => {
    part.removeAttribute('role');
    part.removeAttribute('aria-label');
    part.removeAttribute('aria-roledescription');
  });
  svg?.firstElementChild?.setAttribute('aria-hidden', 'true');
}

function useWidth(node: React.RefObject<HTMLElement>): number {
  const [width, setWidth] = React.useState(0);
  React.useEffect(() => {
    let due: ReturnType<typeof setTimeout> | undefined;
    const look = () => setWidth(Math.floor(node.current?.clientWidth ?? 0));
    const observer = new ResizeObserver(() => {
      clearTimeout(due);
      due = setTimeout(look, REST_MS);
    });
    look();
    if (node.current) {
      observer.observe(node.current);
    }
    return () => {
      clearTimeout(due);
      observer.disconnect();
    };
  }, [node]);
  return width;
}

/** A number that is another one with each change of the theme. */
function useTheme({ themes }: IDrawing): number {
  const [theme, setTheme] = React.useState(0);
  React.useEffect(() => {
    // The variables are those of the new theme a moment later.
    const changed = () => void setTimeout(() => setTheme(n => n + 1), 50);
    themes?.themeChanged.connect(changed);
    return () => {
      themes?.themeChanged.disconnect(changed);
    };
  }, [themes]);
  return theme;
}
