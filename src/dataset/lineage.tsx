import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Name } from '../components/name';
import { IGraph, IGraphNode } from '../types';
import { IPlaced, place } from './layout';

/** The size of a box and of the room between, in pixels; `dataset.css` has the same box. */
const BOX = { width: 172, height: 44 };
const GAP = { x: 44, y: 16 };
const EDGE = 12;

/** What came from what, as a graph from the left to the right. */
export function Lineage(props: {
  graph: IGraph;
  trans: TranslationBundle;
  /** Show another version. */
  onOpen: (ref: string) => void;
}): React.ReactElement {
  const { graph, trans, onOpen } = props;
  const placed = React.useMemo(() => place(graph), [graph]);
  const at = new Map(placed.map(one => [one.node.id, one]));
  const columns = Math.max(...placed.map(({ column }) => column + 1), 1);
  const rows = Math.max(...placed.map(({ row }) => row + 1), 1);
  const width = columns * BOX.width + (columns - 1) * GAP.x + 2 * EDGE;
  const height = rows * BOX.height + (rows - 1) * GAP.y + 2 * EDGE;
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
                    d={curve(a, b)}
                    strokeDasharray={edge.inferred ? '4 3' : undefined}
                  />
                  <path d={head(b)} className="e2e-mod-filled" />
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
  graph: IGraph;
  trans: TranslationBundle;
  onOpen: (ref: string) => void;
}): React.ReactElement {
  const { placed, graph, trans, onOpen } = props;
  const { node } = placed;
  const { x, y } = corner(placed);
  const focus = node.id === graph.focus;
  const { ref } = node;
  const opens = node.kind === 'snapshot' && ref !== null && !focus;
  const from = graph.edges
    .filter(({ target }) => target === node.id)
    .map(({ source }) => graph.nodes.find(({ id }) => id === source)?.name)
    .filter(Boolean);
  const words = (
    <>
      <span className="e2e-Graph-name">
        <Name text={node.name} title="" />
      </span>
      <span className="e2e-mod-secondary e2e-mod-cut">{said(node, trans)}</span>
      {from.length > 0 && (
        <span className="e2e-mod-spoken">
          {trans.__('from %1', from.join(', '))}
        </span>
      )}
    </>
  );
  const lines = [node.ref ?? node.name, node.name, node.detail];
  const title = [...new Set(lines)].filter(Boolean).join('\n');
  return (
    <li
      className="e2e-Graph-box"
      data-kind={node.kind}
      aria-current={focus ? 'true' : undefined}
      style={{ left: x, top: y }}
      title={title}
    >
      {opens ? (
        <button type="button" onClick={() => onOpen(ref)}>
          {words}
        </button>
      ) : (
        <div>{words}</div>
      )}
    </li>
  );
}

function corner({ column, row }: IPlaced): { x: number; y: number } {
  return {
    x: EDGE + column * (BOX.width + GAP.x),
    y: EDGE + row * (BOX.height + GAP.y)
  };
}

function curve(a: IPlaced, b: IPlaced): string {
  const from = corner(a);
  const to = corner(b);
  const [x0, y0] = [from.x + BOX.width, from.y + BOX.height / 2];
  const [x1, y1] = [to.x - 6, to.y + BOX.height / 2];
  const bend = Math.max(GAP.x / 2, (x1 - x0) / 2);
  return `M${x0} ${y0}C${x0 + bend} ${y0} ${x1 - bend} ${y1} ${x1} ${y1}`;
}

function head(b: IPlaced): string {
  const { x, y } = corner(b);
  return `M${x} ${y + BOX.height / 2}l-7 -4v8z`;
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
