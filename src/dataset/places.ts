import { IGridColumn } from '../types';

/** Names that tell columns apart also where two are called the same: which of its name a column is. */
export function marks(columns: readonly IMarked[]): string[] {
  const seen = new Map<string, number>();
  return columns.map(({ name, index }) => {
    const kind = `${index ? 'index' : 'column'} ${name}`;
    const nth = seen.get(kind) ?? 0;
    seen.set(kind, nth + 1);
    return `${nth} ${kind}`;
  });
}

type IMarked = Pick<IGridColumn, 'name' | 'index'>;
