import { TranslationBundle } from '@jupyterlab/translation';
import { Poll } from '@lumino/polling';
import * as React from 'react';

import { ApiError, problemOf } from '../api';
import { Problem } from '../components/problem';
import { ago, count, moment } from '../components/words';
import { milliseconds } from '../models/words';
import { IPredictionEntry, IPredictionPage, ITraffic } from '../types';
import { ServiceModel } from './model';
import { Trace } from './trace';
import { valueWords } from './tryit';

/** Requests on one page. */
const PAGE = 50;
/** How often to look for new ones while they are shown. */
const LOOK_MS = 2000;
const BAR = { width: 5, gap: 1, height: 36 };

interface IGot {
  page: IPredictionPage;
  traffic: ITraffic;
}

/** How the service was asked: requests a minute, how long they took, and the last of them. */
export function Requests(props: {
  model: ServiceModel;
  onOpen: (ref: string) => void;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { model, onOpen, trans } = props;
  const [got, setGot] = React.useState<IGot | null>(null);
  const [problem, setProblem] = React.useState<ApiError | null>(null);
  const [offset, setOffset] = React.useState(0);
  const [traced, setTraced] = React.useState<string | null>(null);
  React.useEffect(() => {
    const look = async () => {
      try {
        const [page, traffic] = await Promise.all([
          model.api.predictions(model.at, offset, PAGE),
          model.api.traffic(model.at)
        ]);
        setGot({ page, traffic });
        setProblem(null);
      } catch (error) {
        setProblem(problemOf(error));
        throw error; // the poll waits longer after each failure
      }
    };
    const poll = new Poll({
      name: 'e2e-lab:requests',
      factory: look,
      frequency: { interval: LOOK_MS, backoff: true, max: 60_000 },
      standby: 'when-hidden'
    });
    return () => poll.dispose();
  }, [model, offset]);
  if (!got) {
    return problem ? (
      <Problem problem={problem} trans={trans} />
    ) : (
      <p className="e2e-Hint" aria-busy="true" role="status">
        {trans.__('Looking…')}
      </p>
    );
  }
  const { page, traffic } = got;
  if (page.total === 0) {
    return (
      <p className="e2e-Hint">
        {trans.__('No requests yet: each answer is logged here with its id.')}
      </p>
    );
  }
  return (
    <>
      {problem && <Problem problem={problem} trans={trans} />}
      <Hour traffic={traffic} trans={trans} />
      <table className="e2e-Table e2e-Requests">
        <thead>
          <tr>
            <th scope="col">{trans.__('Time')}</th>
            <th scope="col">{trans.__('Service')}</th>
            <th scope="col" className="e2e-mod-number">
              {trans.__('Rows')}
            </th>
            <th scope="col" className="e2e-mod-number">
              {trans.__('Took')}
            </th>
            <th scope="col">{trans.__('Answer')}</th>
            <th scope="col">{trans.__('Trace')}</th>
          </tr>
        </thead>
        <tbody>
          {page.items.map(one => (
            <Request
              key={one.id}
              request={one}
              traced={traced === one.id}
              onTrace={() => setTraced(traced === one.id ? null : one.id)}
              trans={trans}
            />
          ))}
        </tbody>
      </table>
      <Pages
        offset={offset}
        total={page.total}
        onOffset={setOffset}
        trans={trans}
      />
      {traced && (
        <Trace
          title={trans.__('Behind %1', traced)}
          id={traced}
          {...{ model, onOpen, trans }}
        />
      )}
    </>
  );
}

/** The last hour: a bar a minute. */
function Hour(props: {
  traffic: ITraffic;
  trans: TranslationBundle;
}): React.ReactElement {
  const { traffic, trans } = props;
  const { minutes, p50, p95 } = traffic;
  const total = minutes.reduce((sum, n) => sum + n, 0);
  const most = Math.max(...minutes, 1);
  const shown = (traffic.capped ? '≥ ' : '') + count(total);
  const words = [
    trans.__('%1 in the last hour', shown),
    trans.__('at most %1 a minute', count(most)),
    p50 === null ? '' : trans.__('half within %1', milliseconds(p50)),
    p95 === null ? '' : trans.__('nearly all within %1', milliseconds(p95))
  ].filter(Boolean);
  const width = minutes.length * (BAR.width + BAR.gap);
  return (
    <div className="e2e-Hour" role="group" aria-label={words.join(', ')}>
      <svg
        className="e2e-Hour-bars"
        width={width}
        height={BAR.height}
        aria-hidden="true"
      >
        <path d={`M0 ${BAR.height - 0.5}h${width}`} />
        {minutes.map((n, i) => (
          <rect
            key={i}
            x={i * (BAR.width + BAR.gap)}
            y={BAR.height - (n / most) * (BAR.height - 2)}
            width={BAR.width}
            height={(n / most) * (BAR.height - 2)}
          />
        ))}
      </svg>
      <div
        className="e2e-mod-secondary"
        title={p95 === null ? '' : `p50 ${p50} s\np95 ${p95} s`}
      >
        {words.join(' · ')}
      </div>
    </div>
  );
}

function Request(props: {
  request: IPredictionEntry;
  traced: boolean;
  onTrace: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { request, traced, trans } = props;
  const { answers, inputs, rows } = request;
  const more = rows > answers.length ? ' …' : '';
  const asked = inputs ? JSON.stringify(inputs, null, 1) : '';
  return (
    <tr>
      <td title={moment(request.time)}>{ago(request.time, trans)}</td>
      <td title={trans.__('model %1', request.model)}>{request.ref}</td>
      <td className="e2e-mod-number">{count(rows)}</td>
      <td className="e2e-mod-number" title={`${request.seconds} s`}>
        {milliseconds(request.seconds)}
      </td>
      <td className="e2e-Requests-answer e2e-mod-cut" title={asked}>
        {answers.map(valueWords).join(', ') + more}
      </td>
      <td>
        <button
          type="button"
          className="e2e-Link e2e-Requests-id"
          aria-pressed={traced}
          title={trans.__('What is behind %1', request.id)}
          onClick={props.onTrace}
        >
          {request.id.slice(-8)}
        </button>
      </td>
    </tr>
  );
}

function Pages(props: {
  offset: number;
  total: number;
  onOffset: (offset: number) => void;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { offset, total, onOffset, trans } = props;
  if (total <= PAGE) {
    return null;
  }
  const last = Math.min(offset + PAGE, total);
  return (
    <div className="e2e-Buttons">
      <button
        type="button"
        className="jp-mod-styled"
        disabled={offset === 0}
        onClick={() => onOffset(Math.max(0, offset - PAGE))}
      >
        {trans.__('Newer')}
      </button>
      <button
        type="button"
        className="jp-mod-styled"
        disabled={last >= total}
        onClick={() => onOffset(offset + PAGE)}
      >
        {trans.__('Older')}
      </button>
      <span className="e2e-mod-secondary">
        {trans.__('%1–%2 of %3', count(offset + 1), count(last), count(total))}
      </span>
    </div>
  );
}
