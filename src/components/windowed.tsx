import * as React from 'react';

import { askForMenu, asksForMenu } from './focus';

/** Items drawn above and below what can be seen. */
const MARGIN = 8;

/**
 * A list box of which only the options that can be seen are in the page, with one tab stop: the arrows
 * move, Enter opens, the menu key asks for the menu of the option. All options have the same height, and some element above scrolls.
 */
export function Windowed<T>(props: {
  label: string;
  items: readonly T[];
  /** In pixels. */
  height: number;
  keyOf: (item: T) => string;
  render: (item: T) => React.ReactNode;
  selected: string | null;
  onSelect: (item: T) => void;
  onOpen: (item: T) => void;
}): React.ReactElement {
  const { items, height, keyOf, selected } = props;
  const list = React.useRef<HTMLUListElement>(null);
  const [first, last] = useWindow(list, items.length, height);
  const prefix = React.useId();
  const active = items.findIndex(item => keyOf(item) === selected);

  const move = (to: number) => {
    const index = Math.max(0, Math.min(items.length - 1, to));
    props.onSelect(items[index]);
    reveal(list.current, index * height, height);
  };
  const menu = () => {
    const option = list.current?.querySelector('[aria-selected=true]');
    if (option) {
      const { left, bottom } = option.getBoundingClientRect();
      askForMenu(option, { x: left + 24, y: bottom - 4 });
    }
  };
  const keys = (event: React.KeyboardEvent) => {
    const page = 10;
    if (asksForMenu(event)) {
      event.preventDefault();
      menu();
      return;
    }
    const steps: Record<string, () => void> = {
      ArrowDown: () => move(active + 1),
      ArrowUp: () => move(active - 1),
      PageDown: () => move(active + page),
      PageUp: () => move(active - page),
      Home: () => move(0),
      End: () => move(items.length - 1),
      Enter: () => active >= 0 && props.onOpen(items[active])
    };
    const step = steps[event.key];
    if (step && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      step();
    }
  };

  return (
    <ul
      ref={list}
      className="e2e-Windowed"
      role="listbox"
      aria-label={props.label}
      aria-activedescendant={
        active >= first && active < last ? `${prefix}${active}` : undefined
      }
      tabIndex={0}
      style={{
        height: items.length * height,
        paddingTop: first * height
      }}
      onKeyDown={keys}
      onContextMenu={event => {
        if (event.target === list.current) {
          event.preventDefault(); // of the key that was answered already
          event.stopPropagation();
        }
      }}
      onFocus={() => active < 0 && items.length > 0 && props.onSelect(items[0])}
    >
      {items.slice(first, last).map((item, i) => (
        // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the list box has the keys
        <li
          key={keyOf(item)}
          id={`${prefix}${first + i}`}
          role="option"
          aria-selected={first + i === active}
          aria-setsize={items.length}
          aria-posinset={first + i + 1}
          className="e2e-Windowed-item"
          style={{ height }}
          onClick={() => {
            props.onSelect(item);
            props.onOpen(item);
          }}
          onContextMenu={() => props.onSelect(item)}
        >
          {props.render(item)}
        </li>
      ))}
    </ul>
  );
}

/** Which items can be seen, as first and past the last. */
function useWindow(
  list: React.RefObject<HTMLElement>,
  count: number,
  height: number
): [number, number] {
  const [range, setRange] = React.useState<[number, number]>([0, 3 * MARGIN]);
  React.useLayoutEffect(() => {
    const scroller = scrolling(list.current);
    if (!list.current || !scroller) {
      return;
    }
    const look = () => {
      const top = list.current?.getBoundingClientRect().top ?? 0;
      const above = scroller.getBoundingClientRect().top - top;
      const from = Math.floor(above / height) - MARGIN;
      const to = Math.ceil((above + scroller.clientHeight) / height) + MARGIN;
      setRange(before =>
        before[0] === from && before[1] === to ? before : [from, to]
      );
    };
    look();
    scroller.addEventListener('scroll', look, { passive: true });
    const observer = new ResizeObserver(look);
    observer.observe(scroller);
    return () => {
      scroller.removeEventListener('scroll', look);
      observer.disconnect();
    };
  }, [list, count, height]);
  const first = Math.max(0, Math.min(range[0], count - 1));
  return [first, Math.max(first, Math.min(range[1], count))];
}

function scrolling(element: HTMLElement | null): HTMLElement | null {
  for (let at = element?.parentElement; at; at = at.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(at).overflowY)) {
      return at;
    }
  }
  return null;
}

function reveal(
  list: HTMLElement | null,
  offset: number,
  height: number
): void {
  const scroller = scrolling(list);
  if (!list || !scroller) {
    return;
  }
  const view = scroller.getBoundingClientRect();
  const top = list.getBoundingClientRect().top + offset - view.top;
  if (top < 0) {
    scroller.scrollTop += top;
  } else if (top + height > scroller.clientHeight) {
    scroller.scrollTop += top + height - scroller.clientHeight;
  }
}
