import * as React from 'react';

const SHORT = 20;
const TAIL = 8;

/** A name that is cut in its middle where there is too little room; the whole is in the tooltip. */
export function Name(props: {
  text: string;
  title?: string;
}): React.ReactElement {
  const { text, title } = props;
  const letters = [...text];
  if (letters.length <= SHORT) {
    return (
      <span className="e2e-Name" title={title ?? text}>
        <span className="e2e-Name-head">{text}</span>
      </span>
    );
  }
  return (
    <span className="e2e-Name" title={title ?? text}>
      <span className="e2e-Name-head">{letters.slice(0, -TAIL).join('')}</span>
      <span className="e2e-Name-tail">{letters.slice(-TAIL).join('')}</span>
    </span>
  );
}
