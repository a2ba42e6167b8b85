import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import { ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';

import { atOnce } from './components/question';

/** Characters of a log that are kept: its end. */
const KEPT = 100_000;

/** What a job has printed. */
export class JobLog {
  /** Where the server's log goes on, in bytes. */
  next = 0;

  get text(): string {
    return this._text;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  append(text: string, next: number): void {
    this._text = (this._text + text).slice(-KEPT);
    this.next = next;
    this._changed.emit();
  }

  private _text = '';
  private readonly _changed = new Signal<this, void>(this);
}

/** Show what a job has printed, and goes on to print. */
export async function showLog(
  title: string,
  log: JobLog,
  trans: TranslationBundle
): Promise<void> {
  const body = ReactWidget.create(
    <UseSignal signal={log.changed}>
      {() => (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls
        <pre className="e2e-Log" tabIndex={0} aria-label={title}>
          {log.text}
        </pre>
      )}
    </UseSignal>
  );
  await showDialog({
    title,
    body: atOnce(body),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}
