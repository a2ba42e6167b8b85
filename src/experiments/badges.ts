import { IApi } from '../api';
import { IMarked } from '../kernel/badges';

/** Runs that are looked through for those of a notebook's cells. */
const MOST = 200;

/** Runs, by their name; a reference is the id and the name. */
export function runsMade(api: Pick<IApi, 'runs'>): IMarked {
  return {
    className: 'e2e-mod-run',
    ask: async (folder, notebook) => {
      const { items } = await api.runs(folder, { notebook, limit: MOST });
      return items.flatMap(({ id, name, origin: { cell } }) =>
        cell === null ? [] : [{ cell, ref: `${id} ${name}` }]
      );
    },
    made: ({ runs }) => runs.map(({ id, name }) => `${id} ${name}`),
    short: nameOf,
    whole: ref => `${nameOf(ref)} (run ${ref.slice(0, 8)})`
  };
}

function nameOf(ref: string): string {
  return ref.slice(ref.indexOf(' ') + 1);
}
