import { ReactWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { agreed } from '../components/question';
import { IRegisterArgs, IRunEntry } from '../types';

/** A name that a registered model may have, made from a run's. */
export function modelName(run: string): string {
  const clean = run
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '');
  return clean.slice(0, 63) || 'model';
}

/** Ask under which name a run's model is registered; null where it is not wanted. */
export async function askForRegister(
  run: IRunEntry,
  trans: TranslationBundle
): Promise<IRegisterArgs | null> {
  const body = new Questions(run, trans);
  const yes = await agreed(
    trans.__('Register the model of %1', run.name),
    body,
    trans.__('Register')
  );
  const { name, alias, model } = body.said;
  return yes && name.trim()
    ? { run: run.id, name: name.trim(), alias: alias.trim() || null, model }
    : null;
}

class Questions extends ReactWidget {
  readonly said: { name: string; alias: string; model: string | null };

  constructor(
    private readonly run: IRunEntry,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('e2e-Questions');
    const before = run.registered[0]?.split('@')[0];
    const model = run.models.length > 1 ? run.models[0] : null;
    this.said = { name: before ?? modelName(run.name), alias: '', model };
  }

  protected render(): React.ReactElement {
    const { run, said, trans } = this;
    return (
      <>
        <label>
          {trans.__('Name of the model')}
          <input
            className="jp-mod-styled"
            type="text"
            defaultValue={said.name}
            onChange={event => (said.name = event.target.value)}
          />
        </label>
        <label>
          {trans.__('Alias, where it gets one')}
          <input
            className="jp-mod-styled"
            type="text"
            placeholder="champion"
            onChange={event => (said.alias = event.target.value)}
          />
        </label>
        {run.models.length > 1 && (
          <label>
            {trans.__('Which of its models')}
            <HTMLSelect
              defaultValue={said.model ?? ''}
              onChange={event => (said.model = event.target.value)}
            >
              {run.models.map(model => (
                <option key={model} value={model}>
                  {model}
                </option>
              ))}
            </HTMLSelect>
          </label>
        )}
      </>
    );
  }
}
