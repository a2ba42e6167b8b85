import * as React from 'react';

/** A line as it is typed in a notebook: a verb of `e2e` is a magic there. */
export function typed(text: string): string {
  return text.startsWith('e2e ') ? `%${text}` : text;
}

/** What lines to type begin with; the other hints are words to a person. */
const BEGINS =
  /^(%|--|\/\S+ -m pip |(e2e|python3?|pip|jupyter|git|curl|apt-get|kill|rm|ls) |[\w.]+(\[.*\])? ?=[^=]|[\w.]+\()/;

/** Whether a hint can be typed as it stands. */
export function isLine(hint: string): boolean {
  return BEGINS.test(hint);
}

/** Words to a person, as a sentence. */
export function sentence(hint: string): string {
  return `${hint.charAt(0).toUpperCase()}${hint.slice(1)}.`;
}

/** A line to type. */
export function Line(props: { text: string }): React.ReactElement {
  return <code>{typed(props.text)}</code>;
}
