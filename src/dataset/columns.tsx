import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ApiError, IVersionName, problemOf } from '../api';
import { Name } from '../components/name';
import { Problem } from '../components/problem';
import { count } from '../components/words';
import { IColumnProfile, IGridColumn } from '../types';
import { IDatasetApi } from './model';
import { marks } from './places';
import { PAUSE_MS } from './rows';

/** Columns asked for at once: few, since the first time each is computed. */
const FEW = 8;

/** Profiles by version id and column: what is in a version never changes. The oldest make room. */
const known = new Map<string, IColumnProfile>();
const KEPT = 5000;

function keep(id: string, profile: IColumnProfile): void {
  known.set(id, profile);
  if (known.size > KEPT) {
    const [oldest] = known.keys();
    known.delete(oldest);
  }
}

/** Each column with its type, its nulls and what is in it, asked for when it is scrolled into view. */
export function Columns(props: {
  api: IDatasetApi;
  version: IVersionName;
  id: string;
  columns: readonly IGridColumn[];
  rows: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { api, version, id, columns, trans } = props;
  const [, setDrawn] = React.useState(0);
  const [problem, setProblem] = React.useState<ApiError | null>(null);
  const asking = React.useRef(new Set<string>());
  const refused = React.useRef(new Map<string, number>());
  const names = marks(columns); // columns may share a name
  const wish = (places: readonly number[]) => {
    const now = Date.now();
    const missing = places.filter(
      place =>
        !known.has(`${id} ${names[place]}`) &&
        !asking.current.has(names[place]) &&
        now - (refused.current.get(names[place]) ?? -Infinity) >= PAUSE_MS
    );
    for (let i = 0; i < missing.length; i += FEW) {
      const some = missing.slice(i, i + FEW);
      void ask(some);
    }
  };
  const ask = async (places: readonly number[]) => {
    const some = places.map(place => names[place]);
    some.forEach(name => asking.current.add(name));
    try {
      const called = new Set(places.map(place => columns[place].name));
      const { items } = await api.columns(version, [...called]);
      const told = marks(items);
      items.forEach((item, i) => keep(`${id} ${told[i]}`, item));
      some.forEach(name => refused.current.delete(name));
      setProblem(null);
      setDrawn(n => n + 1);
    } catch (error) {
      some.forEach(name => refused.current.set(name, Date.now()));
      setProblem(problemOf(error));
    } finally {
      some.forEach(name => asking.current.delete(name));
    }
  };
  const [table, again] = useInView(wish, id);
  const retry = () => {
    refused.current.clear();
    setProblem(null);
    again();
  };
  return (
    <>
      {problem && <Problem problem={problem} onRetry={retry} trans={trans} />}
      <table className="e2e-Columns" ref={table}>
        <thead>
          <tr>
            <th scope="col">{trans.__('Column')}</th>
            <th scope="col">{trans.__('Type')}</th>
            <th scope="col" className="e2e-mod-number">
              {trans.__('Nulls')}
            </th>
            <th scope="col" className="e2e-mod-number">
              {trans.__('Distinct')}
            </th>
            <th scope="col">{trans.__('Values')}</th>
          </tr>
        </thead>
        <tbody>
          {columns.map((column, place) => (
            <Column
              key={names[place]}
              column={column}
              place={place}
              profile={known.get(`${id} ${names[place]}`) ?? null}
              rows={props.rows}
              trans={trans}
            />
          ))}
        </tbody>
      </table>
    </>
  );
}

function Column(props: {
  column: IGridColumn;
  place: number;
  profile: IColumnProfile | null;
  rows: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { column, profile, rows, trans } = props;
  const share = profile && rows > 0 ? (100 * profile.nulls) / rows : 0;
  return (
    <tr data-place={props.place} aria-busy={profile === null}>
      <th scope="row">
        <Name text={column.name} />
        {column.index && <span className="e2e-Tag">{trans.__('index')}</span>}
      </th>
      <td>
        <code>{column.type}</code>
      </td>
      <td className="e2e-mod-number">
        {profile && (
          <span title={trans.__('%1 % of the rows', share.toFixed(1))}>
            {profile.nulls === 0
              ? '0'
              : `${count(profile.nulls)} (${share < 0.1 ? '<0.1' : share.toFixed(share < 10 ? 1 : 0)} %)`}
          </span>
        )}
      </td>
      <td className="e2e-mod-number">
        {profile?.distinct !== null && profile?.distinct !== undefined
          ? count(profile.distinct)
          : ''}
      </td>
      <td>
        {profile ? <Values profile={profile} rows={rows} trans={trans} /> : '…'}
      </td>
    </tr>
  );
}

function Values(props: {
  profile: IColumnProfile;
  rows: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { profile, rows, trans } = props;
  if (profile.counts.length > 0) {
    return <Histogram profile={profile} trans={trans} />;
  }
  const top = profile.top.slice(0, 3);
  const words = profile.top.map(
    ({ value, count: n }) => `${String(value)}: ${count(n)}`
  );
  return (
    <span className="e2e-Top" title={words.join('\n')}>
      {top.map(({ value, count: n }, i) => (
        <span key={i} className="e2e-Top-value">
          <span
            className="e2e-Top-bar"
            style={{ width: `${rows > 0 ? (100 * n) / rows : 0}%` }}
          />
          <span className="e2e-mod-cut">{String(value)}</span>
          <span className="e2e-mod-secondary">{count(n)}</span>
        </span>
      ))}
    </span>
  );
}

/** How the values spread between the lowest and the highest. */
function Histogram(props: {
  profile: IColumnProfile;
  trans: TranslationBundle;
}): React.ReactElement {
  const { counts, low, high, mean } = props.profile;
  const most = Math.max(...counts, 1);
  const wide = 120 / counts.length;
  const said = props.trans.__('from %1 to %2', brief(low), brief(high));
  const title =
    mean === null ? said : `${said}\n${props.trans.__('mean %1', brief(mean))}`;
  return (
    <span className="e2e-Histogram" title={title}>
      <svg width="120" height="22" role="img" aria-label={title}>
        {counts.map((n, i) => {
          const height = n === 0 ? 0 : Math.max(1, (20 * n) / most);
          return (
            <rect
              key={i}
              x={i * wide}
              y={21 - height}
              width={Math.max(1, wide - 1)}
              height={height}
            />
          );
        })}
        <path d="M0 21.5h120" />
      </svg>
      <span className="e2e-mod-secondary">
        {brief(low)} – {brief(high)}
      </span>
    </span>
  );
}

function brief(value: IColumnProfile['low']): string {
  if (typeof value === 'number') {
    return value.toLocaleString('en', { maximumSignificantDigits: 5 });
  }
  return String(value ?? '').slice(0, 19);
}

/** Tells which rows of a table can be seen, a moment after they could, and again when asked to. */
function useInView(
  tell: (places: readonly number[]) => void,
  id: string
): [React.RefObject<HTMLTableElement>, () => void] {
  const table = React.useRef<HTMLTableElement>(null);
  const latest = React.useRef(tell);
  latest.current = tell;
  const seen = React.useRef(new Set<number>());
  React.useEffect(() => {
    const now = new Set<number>();
    seen.current = now;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const observer = new IntersectionObserver(entries => {
      for (const { target, isIntersecting } of entries) {
        const place = Number((target as HTMLElement).dataset.place);
        if (isIntersecting) {
          now.add(place);
        } else {
          now.delete(place);
        }
      }
      clearTimeout(timer);
      timer = setTimeout(() => latest.current([...now]), 100);
    });
    table.current
      ?.querySelectorAll('tbody tr')
      .forEach(row => observer.observe(row));
    return () => {
      clearTimeout(timer);
      observer.disconnect();
    };
  }, [id]);
  return [table, () => latest.current([...seen.current])];
}
