import {
  Clipboard,
  Dialog,
  Notification,
  ReactWidget,
  showDialog
} from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ApiError } from './api';
import { isLine, sentence, typed } from './components/line';
import { Problem } from './components/problem';
import { atOnce } from './components/question';

/** Longer than this, a notification is cut. */
const LONG = 130;

/** What was refused, as far as it is told. */
type Refusal = Pick<ApiError, 'message' | 'hint'>;

/** Show a refusal that has no place of its own. */
export function tellProblem(problem: ApiError, trans: TranslationBundle): void {
  Notification.error(said(problem), {
    autoClose: false,
    actions: waysOn(problem, trans)
  });
}

/** What happened, and what a person can do about it where that is no line to type. */
export function said({ message, hint }: Refusal): string {
  return hint && !isLine(hint) ? `${message}\n${sentence(hint)}` : message;
}

/** The buttons of a notification that tells of a refusal: the next line to copy, and all that was said where it is long. */
export function waysOn(
  problem: Refusal,
  trans: TranslationBundle
): Notification.IAction[] {
  const actions: Notification.IAction[] = [];
  const line = isLine(problem.hint) ? typed(problem.hint) : '';
  if (said(problem).length > LONG) {
    actions.push({
      label: trans.__('Details'),
      callback: () => void showProblem(problem, trans)
    });
  }
  if (line) {
    const short = line.length > 40 ? `${line.slice(0, 39)}…` : line;
    actions.push({
      label: trans.__('Copy “%1”', short),
      caption: line,
      callback: event => {
        event.preventDefault(); // it stays until the line was used
        Clipboard.copyToSystem(line);
      }
    });
  }
  return actions;
}

async function showProblem(
  problem: Refusal,
  trans: TranslationBundle
): Promise<void> {
  const { message, hint } = problem;
  const whole = new ApiError('error', message, hint);
  await showDialog({
    title: trans.__('This did not work'),
    body: atOnce(ReactWidget.create(<Problem problem={whole} trans={trans} />)),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}
