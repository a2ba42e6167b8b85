import { Clipboard } from '@jupyterlab/apputils';
import { copyIcon, checkIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Line, typed } from './line';

/** A line to type, with the button that copies it. */
export function Copyable(props: {
  text: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { text, trans } = props;
  const [copied, setCopied] = React.useState(false);
  React.useEffect(() => {
    if (copied) {
      const timer = setTimeout(() => setCopied(false), 2000);
      return () => clearTimeout(timer);
    }
    return undefined;
  }, [copied]);
  const Icon = copied ? checkIcon : copyIcon;
  const label = copied ? trans.__('Copied') : trans.__('Copy');
  return (
    <span className="e2e-Copyable">
      <Line text={text} />
      <button
        type="button"
        className="e2e-IconButton"
        title={label}
        aria-label={
          copied ? trans.__('Copied') : trans.__('Copy “%1”', typed(text))
        }
        onClick={() => {
          Clipboard.copyToSystem(typed(text)); // the browser's own is there over https only
          setCopied(true);
        }}
      >
        <Icon.react tag="span" width="14px" height="14px" />
      </button>
    </span>
  );
}
