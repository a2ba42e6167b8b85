import { ReactWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { agreed } from '../components/question';
import { counted } from '../components/words';
import { IRunColumn } from '../types';

/** Ask which metrics and parameters are shown, as `metric NAME` and `param NAME`; null where nothing was changed. */
export async function chooseColumns(
  known: readonly IRunColumn[],
  shown: readonly IRunColumn[],
  trans: TranslationBundle
): Promise<string[] | null> {
  const body = new Choice(known, new Set(shown.map(key)), trans);
  const yes = await agreed(
    trans.__('Columns of the table'),
    body,
    trans.__('Show')
  );
  return yes ? [...body.chosen] : null;
}

function key({ kind, name }: IRunColumn): string {
  return `${kind} ${name}`;
}

class Choice extends ReactWidget {
  constructor(
    private readonly known: readonly IRunColumn[],
    readonly chosen: Set<string>,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('e2e-Questions');
    this.addClass('e2e-Questions-columns');
  }

  protected render(): React.ReactElement {
    const { trans } = this;
    return (
      <>
        {this.part('metric', trans.__('Metrics'))}
        {this.part('param', trans.__('Parameters'))}
      </>
    );
  }

  private part(kind: string, title: string): React.ReactNode {
    const columns = this.known.filter(column => column.kind === kind);
    return (
      columns.length > 0 && (
        <fieldset>
          <legend>{title}</legend>
          {columns.map(column => (
            <label key={key(column)} className="e2e-Questions-choice">
              <input
                type="checkbox"
                defaultChecked={this.chosen.has(key(column))}
                onChange={event =>
                  event.target.checked
                    ? this.chosen.add(key(column))
                    : this.chosen.delete(key(column))
                }
              />
              {column.name}
              <span className="e2e-mod-secondary">
                {counted(
                  this.trans._n('%1 run', '%1 runs', column.runs),
                  column.runs
                )}
              </span>
            </label>
          ))}
        </fieldset>
      )
    );
  }
}
