import { Dialog, showDialog } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';

/** Ask what *body* asks, beginning at its first field; whether the answer is yes, which the button *yes* says. */
export async function agreed(
  title: string,
  body: Widget,
  yes: string
): Promise<boolean> {
  const { button } = await showDialog({
    title,
    body,
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: yes })],
    focusNodeSelector: 'input'
  });
  return button.accept;
}
