import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Name } from '../components/name';
import { IGraph, IGraphNode } from '../types';
import { IPlaced, place } from './layout';

/** The sizes of the boxes and of the room between, in pixels. */
interface ISizes {
  readonly box: number;
  readonly gap: number;
}

/** With room enough; and how small both may become where there is less. */
const FULL: ISizes = { box: 172, gap: 44 };
const LEAST: ISizes = { box: 96, gap: 22 };
const HEIGHT = 44;
const BELOW = 16;
const EDGE = 12;

/** What came from what, as a graph from the left to the right. */
export function Lineage(props: {
  graph: IGraph;
  /** The width that it should fit into, as far as it can. */
  room?: number;
  trans: TranslationBundle;
  /** Show another version. */
  onOpen: (ref: string) => void;
}): React.ReactElement {
  const { graph, room, trans, onOpen } = props;
  const placed = React.useMemo(() => place(graph), [graph]);
  const at = new Map(placed.map(one => [one.node.id, one]));
  const columns = Math.max(...placed.map(({ column }) => column + 1), 1);
  const rows = Math.max(...placed.map(({ row }) => row + 1), 1);
  const sizes = fitting(columns, room);
  const width = across(columns, sizes);
  const height = rows * HEIGHT + (rows - 1) * BELOW + 2 * EDGE;
  return (
    <>
      <div className="e2e-Graph" style={{ width, height }}>
        <svg width={width} height={height} aria-hidden="true">
          {graph.edges.map(edge => {
            const [a, b] = [at.get(edge.source), at.get(edge.target)];
            return (
              a &&
              b && (
                <g
                  key={`${edge.source} ${edge.target}`}
                  className="e2e-Graph-edge"
                >
                  <path
                    d={curve(a, b, sizes)}
                    strokeDasharray={edge.inferred ? '4 3' : undefined}
                  />
                  <path d={head(b, sizes)} className="e2e-mod-filled" />
                </g>
              )
            );
          })}
        </svg>
        <ul aria-label={trans.__('What came from what')}>
          {placed.map(one => (
            <Box
              key={one.node.id}
              placed={one}
              sizes={sizes}
              graph={graph}
              trans={trans}
              onOpen={onOpen}
            />
          ))}
        </ul>
      </div>
      {graph.edges.some(edge => edge.inferred) && (
        <p className="e2e-Hint">
          {trans.__('Dashed: nobody said so, the cells suggest it.')}
        </p>
      )}
      {graph.missing.length > 0 && (
        <p className="e2e-Hint">
          {trans.__('Not known: %1', graph.missing.join(', '))}
        </p>
      )}
    </>
  );
}

function Box(props: {
  placed: IPlaced;
  sizes: ISizes;
  graph: IGraph;
  trans: TranslationBundle;
  onOpen: (ref: string) => void;
}): React.ReactElement {
  const { placed, sizes, graph, trans, onOpen } = props;
  const { node } = placed;
  const { x, y } = corner(placed, sizes);
  const focus = node.id === graph.focus;
  const { ref } = node;
  const opens = node.kind === 'snapshot' && ref !== null && !focus;
  const from = graph.edges
    .filter(({ target }) => target === node.id)
    .map(({ source }) => graph.nodes.find(({ id }) => id === source)?.name)
    .filter(Boolean);
  const whole = said(node, trans);
  const words = sizes.box < FULL.box ? whole.split(' · ')[0] : whole;
  const lines = (
    <>
      <span className="e2e-Graph-name">
        <Name text={node.name} title="" />
      </span>
      <span className="e2e-mod-secondary e2e-mod-cut">{words}</span>
      {from.length > 0 && (
        <span className="e2e-mod-spoken">
          {trans.__('from %1', from.join(', '))}
        </span>
      )}
    </>
  );
  const facts = [node.ref ?? node.name, node.name, node.detail];
  const title = [...new Set(facts)].filter(Boolean).join('\n');
  return (
    <li
      className="e2e-Graph-box"
      data-kind={node.kind}
      aria-current={focus ? 'true' : undefined}
      style={{ left: x, top: y, width: sizes.box, height: HEIGHT }}
      title={title}
    >
      {opens ? (
        <button type="button" onClick={() => onOpen(ref)}>
          {lines}
        </button>
      ) : (
        <div>{lines}</div>
      )}
    </li>
  );
}

/** The largest sizes with which so many columns fit, else the least. */
function fitting(columns: number, room?: number): ISizes {
  if (!room || room >= across(columns, FULL)) {
    return FULL;
  }
  const free = room - across(columns, LEAST);
  const wider = Math.max(0, Math.floor(free / columns));
  return { ...LEAST, box: Math.min(LEAST.box + wider, FULL.box) };
}

function across(columns: number, { box, gap }: ISizes): number {
  return columns * box + (columns - 1) * gap + 2 * EDGE;
}

function corner(
  { column, row }: IPlaced,
  { box, gap }: ISizes
): { x: number; y: number } {
  return {
    x: EDGE + column * (box + gap),
    y: EDGE + row * (HEIGHT + BELOW)
  };
}

function curve(a: IPlaced, b: IPlaced, sizes: ISizes): string {
  const from = corner(a, sizes);
  const to = corner(b, sizes);
  const [x0, y0] = [from.x + sizes.box, from.y + HEIGHT / 2];
  const [x1, y1] = [to.x - 6, to.y + HEIGHT / 2];
  const bend = Math.max(sizes.gap / 2, (x1 - x0) / 2);
  return `M${x0} ${y0}C${x0 + bend} ${y0} ${x1 - bend} ${y1} ${x1} ${y1}`;
}

function head(b: IPlaced, sizes: ISizes): string {
  const { x, y } = corner(b, sizes);
  return `M${x} ${y + HEIGHT / 2}l-7 -4v8z`;
}

function said(node: IGraphNode, trans: TranslationBundle): string {
  const { kind, detail, name } = node;
  const facts =
    kind === 'snapshot' ? [detail] : [kindName(kind, trans), detail];
  return facts.filter(fact => fact && fact !== name).join(' · ');
}

function kindName(kind: IGraphNode['kind'], trans: TranslationBundle): string {
  switch (kind) {
    case 'source':
      return trans.__('source');
    case 'snapshot':
      return trans.__('snapshot');
    case 'run':
      return trans.__('run');
    case 'model':
      return trans.__('model');
    case 'service':
      return trans.__('service');
    case 'prediction':
      return trans.__('prediction');
    case 'commit':
      return trans.__('commit');
    case 'cells':
      return trans.__('cells');
    case 'file':
      return trans.__('file');
  }
}
