import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IServicePrinted } from '../types';
import { ServiceModel } from './model';

/** Characters of a log that are kept: its end. */
const KEPT = 100_000;
/** How long to wait before a lost stream is asked for again. */
const AGAIN_MS = 2000;

/** What the service prints, as it comes. */
export function ServiceLog(props: {
  model: ServiceModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, trans } = props;
  const text = useLog(model);
  const pre = React.useRef<HTMLPreElement>(null);
  const atEnd = React.useRef(true);
  React.useLayoutEffect(() => {
    if (pre.current && atEnd.current) {
      pre.current.scrollTop = pre.current.scrollHeight;
    }
  }, [text]);
  if (!text) {
    return (
      <p className="e2e-Hint">
        {trans.__('Nothing yet: what its process prints comes here.')}
      </p>
    );
  }
  return (
    <pre
      ref={pre}
      className="e2e-Log e2e-ServiceLog"
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls
      tabIndex={0}
      aria-label={trans.__('Log')}
      onScroll={({
        currentTarget: { scrollTop, scrollHeight, clientHeight }
      }) => (atEnd.current = scrollHeight - scrollTop - clientHeight < 8)}
    >
      {text}
    </pre>
  );
}

function useLog(model: ServiceModel): string {
  const [text, setText] = React.useState('');
  React.useEffect(() => {
    let next = 0;
    let left = false;
    let stream: WebSocket;
    let timer: ReturnType<typeof setTimeout>;
    const listen = () => {
      stream = model.api.serviceStream(model.at, next);
      stream.onmessage = ({ data }) => {
        const said = JSON.parse(String(data)) as IServicePrinted;
        const anew = said.offset < next;
        next = said.next;
        setText(before => (anew ? '' : before).concat(said.text).slice(-KEPT));
      };
      stream.onclose = () => {
        if (!left) {
          timer = setTimeout(listen, AGAIN_MS);
        }
      };
    };
    listen();
    return () => {
      left = true;
      clearTimeout(timer);
      stream.close();
    };
  }, [model]);
  return text;
}
