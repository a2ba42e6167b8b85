import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ApiError, problemOf } from '../api';
import { Problem } from './problem';

/** Something that is asked for when it is first shown, and again when `of` is another. */
export function Asked<T>(props: {
  /** Names what is asked for. */
  of: string;
  ask: () => Promise<T>;
  trans: TranslationBundle;
  children: (answer: T) => React.ReactNode;
}): React.ReactElement {
  const { of, ask, trans, children } = props;
  const [got, setGot] = React.useState<{
    of: string;
    answer?: T;
    problem?: ApiError;
  } | null>(null);
  const [asked, setAsked] = React.useState(0);
  const latest = React.useRef(ask);
  latest.current = ask;
  React.useEffect(() => {
    let left = false;
    latest.current().then(
      answer => !left && setGot({ of, answer }),
      error => !left && setGot({ of, problem: problemOf(error) })
    );
    return () => {
      left = true;
    };
  }, [of, asked]);
  if (!got || got.of !== of) {
    return (
      <p className="e2e-Hint" aria-busy="true" role="status">
        {trans.__('Looking…')}
      </p>
    );
  }
  return (
    <>
      {got.problem && (
        <Problem
          problem={got.problem}
          onRetry={() => {
            setGot(null);
            setAsked(n => n + 1);
          }}
          trans={trans}
        />
      )}
      {got.answer !== undefined && children(got.answer)}
    </>
  );
}
