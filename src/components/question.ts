import { Dialog } from '@jupyterlab/apputils';
import { Panel, Widget } from '@lumino/widgets';

/** Ask what *body* asks, beginning at its first field; whether the answer is yes, which the button *yes* says. */
export async function agreed(
  title: string,
  body: Widget,
  yes: string
): Promise<boolean> {
  const dialog = new Dialog({
    title,
    body: atOnce(body),
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: yes })]
  });
  const { node } = dialog;
  node.addEventListener('keydown', goRound, true);
  const drawn = new MutationObserver(() => {
    const field = firstField(node);
    if (field) {
      drawn.disconnect();
      field.focus();
    }
  });
  drawn.observe(node, { childList: true, subtree: true });
  const { button } = await dialog.launch();
  drawn.disconnect();
  return button.accept;
}

/**
 * A body of a dialog that has the focus as soon as it is shown. Where React draws it, a dialog waits for the
 * page to be idle first, and takes the focus back then.
 */
export function atOnce(body: Widget): Widget {
  const panel = new Panel();
  panel.addWidget(body);
  return panel;
}

/** From the last button, Tab leads to the first field; a dialog knows none that is drawn later. */
function goRound(event: KeyboardEvent): void {
  const dialog = event.currentTarget as HTMLElement;
  const first = firstField(dialog);
  const buttons = dialog.querySelectorAll('.jp-Dialog-button');
  const isLast = document.activeElement === buttons[buttons.length - 1];
  if (event.key === 'Tab' && !event.shiftKey && isLast && first) {
    event.preventDefault();
    event.stopImmediatePropagation();
    first.focus();
  }
}

function firstField(dialog: HTMLElement): HTMLElement | null {
  return dialog.querySelector('.jp-Dialog-body :is(input, select, textarea)');
}
