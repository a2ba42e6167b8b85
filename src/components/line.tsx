import * as React from 'react';

/** A line as it is typed in a notebook: a verb of `e2e` is a magic there. */
export function typed(text: string): string {
  return text.startsWith('e2e ') ? `%${text}` : text;
}

/** A line to type. */
export function Line(props: { text: string }): React.ReactElement {
  return <code>{typed(props.text)}</code>;
}
