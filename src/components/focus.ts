import { Menu } from '@lumino/widgets';

const FOCUSABLE =
  'a[href], button, input, select, textarea, summary, [tabindex]';
/** Where the parts of ours are. */
const OURS = '.e2e-Panel, .e2e-Head, .e2e-DatasetTab, .e2e-RunTable';

/**
 * Keep the focus in a part of the page when what had it goes away or cannot be used any more: what stands in its
 * place gets it, else the part itself. What is given back ends it.
 */
export function keepFocus(part: HTMLElement): () => void {
  let held: HTMLElement | null = null;
  let place = 0;

  const enter = (event: FocusEvent) => {
    held = event.target as HTMLElement;
    place = places(part).indexOf(held);
  };
  const look = () => {
    if (!held) {
      return;
    }
    const { activeElement, body } = document;
    if (isUsable(held)) {
      held = held === activeElement ? held : null;
      place = held ? places(part).indexOf(held) : place;
    } else if (activeElement === held || activeElement === body) {
      held = null;
      const all = places(part);
      const next = all[Math.min(Math.max(place, 0), all.length - 1)];
      if (!next) {
        part.tabIndex = -1;
      }
      (next ?? part).focus();
    } else {
      held = null;
    }
  };
  // Whether it was left or taken away shows a moment later.
  const leave = () => void setTimeout(look);

  const observer = new MutationObserver(look);
  observer.observe(part, {
    ...{ childList: true, subtree: true },
    ...{ attributes: true, attributeFilter: ['disabled'] }
  });
  part.addEventListener('focusin', enter);
  part.addEventListener('focusout', leave);
  return () => {
    observer.disconnect();
    part.removeEventListener('focusin', enter);
    part.removeEventListener('focusout', leave);
  };
}

/** What in a part can have the focus by the Tab key, in its order. */
function places(part: HTMLElement): HTMLElement[] {
  return [...part.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
    one => one.tabIndex >= 0 && isUsable(one)
  );
}

function isUsable(one: HTMLElement): boolean {
  return one.isConnected && !one.matches(':disabled');
}

/** Give the focus back to the part of ours that a context menu was asked for in, when it is closed. */
export function returnFocus(menu: Menu): void {
  let held: HTMLElement | null = null;
  const ask = () => {
    const { activeElement } = document;
    held = activeElement?.closest(OURS) ? (activeElement as HTMLElement) : null;
  };
  document.addEventListener('contextmenu', ask, true);
  menu.aboutToClose.connect(() => {
    held?.focus({ preventScroll: true });
    held = null;
  });
}

/** Whether a key asks for the context menu of what has the focus. */
export function asksForMenu(event: {
  key: string;
  shiftKey: boolean;
}): boolean {
  return event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey);
}

/** Ask for the context menu of an element, as a click with the right button at a place would. */
export function askForMenu(
  element: Element,
  at: { x: number; y: number }
): void {
  element.dispatchEvent(
    new MouseEvent('contextmenu', {
      ...{ bubbles: true, cancelable: true, view: window, button: 2 },
      ...{ clientX: at.x, clientY: at.y }
    })
  );
}
