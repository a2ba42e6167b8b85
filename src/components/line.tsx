import * as React from 'react';

/** A line to type, as it is typed in a notebook: a verb of `e2e` is a magic there. */
export function Line(props: { text: string }): React.ReactElement {
  const { text } = props;
  return <code>{text.startsWith('e2e ') ? `%${text}` : text}</code>;
}
