import { Clipboard } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ApiError, problemOf } from '../api';
import { Problem } from '../components/problem';
import { ServiceModel } from './model';
import { curl, plainPython, python } from './snippets';

/** What stands for the token until somebody asks for it. */
const HIDDEN = 'TOKEN';

/** How the service is asked by code, with the row that is in the form. */
export function Code(props: {
  model: ServiceModel;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { model, trans } = props;
  const { service } = model.state;
  const [token, setToken] = React.useState<string | null>(null);
  const [problem, setProblem] = React.useState<ApiError | null>(null);
  const since = service?.since ?? null;
  React.useEffect(() => setToken(null), [since]); // each start has a new one
  if (!service) {
    return null;
  }
  const { url } = service;
  const { row } = model;
  const show = () =>
    model.api
      .serviceToken(model.at)
      .then(setToken, error => setProblem(problemOf(error)));
  return (
    <>
      {url === null ? (
        <p className="e2e-Hint">
          {trans.__('It has an address and a token while it runs.')}
        </p>
      ) : (
        <>
          <div className="e2e-Buttons">
            <button
              type="button"
              className="jp-mod-styled"
              aria-pressed={token !== null}
              onClick={() => (token === null ? void show() : setToken(null))}
            >
              {token === null
                ? trans.__('Show the token')
                : trans.__('Hide the token')}
            </button>
            <span className="e2e-mod-secondary">
              {trans.__('Who has it can ask this service on this machine.')}
            </span>
          </div>
          {problem && <Problem problem={problem} trans={trans} />}
          <Snippet
            title="curl"
            text={curl(url, row, token ?? HIDDEN)}
            trans={trans}
          />
          <Snippet
            title={trans.__('Python, without e2e-lab')}
            text={plainPython(url, row, token ?? HIDDEN)}
            trans={trans}
          />
        </>
      )}
      <Snippet
        title={trans.__('Python, in a notebook of this project')}
        text={python(service.ref, row)}
        trans={trans}
      />
    </>
  );
}

function Snippet(props: {
  title: string;
  text: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { title, text, trans } = props;
  const [copied, setCopied] = React.useState(false);
  React.useEffect(() => {
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const Icon = copied ? checkIcon : copyIcon;
  return (
    <section className="e2e-Snippet" aria-label={title}>
      <h3 className="e2e-Form-title">
        {title}
        <button
          type="button"
          className="e2e-IconButton"
          title={copied ? trans.__('Copied') : trans.__('Copy')}
          aria-label={copied ? trans.__('Copied') : trans.__('Copy %1', title)}
          onClick={() => {
            Clipboard.copyToSystem(text);
            setCopied(true);
          }}
        >
          <Icon.react tag="span" width="14px" height="14px" />
        </button>
      </h3>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls */}
      <pre className="e2e-Log" tabIndex={0}>
        {text}
      </pre>
    </section>
  );
}
