import { IGraph } from '../types';
import { place } from './layout';

function graph(depths: Record<string, number>, edges: string[]): IGraph {
  return {
    focus: 'a',
    nodes: Object.entries(depths).map(([id, depth]) => ({
      id,
      kind: 'snapshot',
      name: id,
      detail: '',
      ref: null,
      depth
    })),
    edges: edges.map(edge => {
      const [source, target] = edge.split(' ');
      return { source, target, inferred: false };
    }),
    missing: []
  };
}

function at(placed: ReturnType<typeof place>) {
  return Object.fromEntries(
    placed.map(({ node, column, row }) => [node.id, [column, row]])
  );
}

it('gives each depth a column, and the middle to what stands alone', () => {
  const places = at(
    place(graph({ a: 0, b: 1, c: 1, s: -1 }, ['s a', 'a b', 'a c']))
  );
  expect(places).toEqual({ s: [0, 0.5], a: [1, 0.5], b: [2, 0], c: [2, 1] });
});

it('orders a column so that edges do not cross', () => {
  const crossed = graph({ a: 0, b: 0, x: 1, y: 1 }, ['a y', 'b x']);
  const places = at(place(crossed));
  expect(places.a[1] < places.b[1]).toBe(places.y[1] < places.x[1]);
});

it('places a node without edges, and nothing at all', () => {
  expect(at(place(graph({ a: 0 }, [])))).toEqual({ a: [0, 0] });
  expect(place(graph({}, []))).toEqual([]);
});
