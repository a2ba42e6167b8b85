import { ReactWidget } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';

import { keepFocus } from './focus';

/** A widget drawn by React that tells when it begins or ceases to be seen, and that the focus is not lost in. */
export abstract class SeenWidget extends ReactWidget {
  protected abstract seen(visible: boolean): void;

  protected onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._letGo = keepFocus(this.node);
    this.seen(this.isVisible);
  }

  protected onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this.seen(this.isVisible);
  }

  protected onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this.seen(this.isVisible);
  }

  protected onBeforeDetach(msg: Message): void {
    this.seen(false);
    this._letGo?.();
    super.onBeforeDetach(msg);
  }

  private _letGo?: () => void;
}
