import { IGraph, IGraphNode } from '../types';

/** A node with its place, in units of columns and rows. */
export interface IPlaced {
  readonly node: IGraphNode;
  readonly column: number;
  readonly row: number;
}

/** How often the rows are put into the order of their neighbours; more changes little. */
const SWEEPS = 4;

/**
 * Places for the nodes of a graph: a column a depth, from left to right, and in each column the order in
 * which few edges cross (the barycentre method: each node goes to the mean of its neighbours' rows).
 */
export function place(graph: IGraph): IPlaced[] {
  const depths = [...new Set(graph.nodes.map(node => node.depth))].sort(
    (a, b) => a - b
  );
  const columns = depths.map(depth =>
    graph.nodes.filter(node => node.depth === depth)
  );
  const rows = new Map<string, number>();
  columns.forEach(column =>
    column.forEach((node, row) => rows.set(node.id, row))
  );
  const near = neighbours(graph);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const order = sweep % 2 === 0 ? columns : [...columns].reverse();
    for (const column of order) {
      const wish = new Map(
        column.map(node => [node.id, mean(near.get(node.id), rows)])
      );
      column.sort((a, b) => wish.get(a.id)! - wish.get(b.id)!);
      column.forEach((node, row) => rows.set(node.id, row));
    }
  }
  const tallest = Math.max(0, ...columns.map(column => column.length));
  return columns.flatMap((column, i) =>
    column.map((node, row) => ({
      node,
      column: i,
      row: row + (tallest - column.length) / 2
    }))
  );

  function mean(ids: readonly string[] = [], at: Map<string, number>): number {
    const known = ids.map(id => at.get(id)).filter(row => row !== undefined);
    return known.length === 0
      ? 0
      : known.reduce((sum, row) => sum + row, 0) / known.length;
  }
}

function neighbours(graph: IGraph): Map<string, string[]> {
  const near = new Map<string, string[]>(graph.nodes.map(n => [n.id, []]));
  for (const { source, target } of graph.edges) {
    near.get(source)?.push(target);
    near.get(target)?.push(source);
  }
  return near;
}
