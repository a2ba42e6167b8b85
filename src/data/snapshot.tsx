import { ReactWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { agreed } from '../components/question';
import { IFrame } from '../types';

/** What a person says of a table before it is kept. */
export interface ISaid {
  name: string;
  stage: string | null;
}

/** The line that saves a table under what was said of it. */
export function snapshotLine(frame: IFrame, said: ISaid): string {
  const isPlain = said.name === frame.name && !frame.asks.includes('name');
  const as = isPlain ? '' : ` --as ${said.name}`;
  const stage = said.stage ? ` --stage ${said.stage}` : '';
  return `%e2e snapshot ${frame.name}${as}${stage}`;
}

/** The line that saves a table; where the kernel cannot know enough, a dialog asks first. Null: not wanted. */
export async function askForSnapshot(
  frame: IFrame,
  trans: TranslationBundle
): Promise<string | null> {
  if (frame.asks.length === 0) {
    return frame.magic;
  }
  const body = new Questions(frame, trans);
  const yes = await agreed(
    trans.__('Snapshot %1', frame.name),
    body,
    trans.__('Snapshot')
  );
  return yes ? snapshotLine(frame, body.said) : null;
}

class Questions extends ReactWidget {
  readonly said: ISaid;

  constructor(
    private readonly frame: IFrame,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('e2e-Questions');
    this.said = {
      name: frame.dataset ?? frame.name,
      stage: frame.stage ?? (frame.asks.includes('stage') ? 'raw' : null)
    };
  }

  protected render(): React.ReactElement {
    const { frame, said, trans } = this;
    return (
      <>
        <label>
          {trans.__('Name of the dataset')}
          <input
            className="jp-mod-styled"
            type="text"
            defaultValue={said.name}
            onChange={event => (said.name = event.target.value.trim())}
          />
        </label>
        {frame.asks.includes('stage') && (
          <fieldset>
            <legend>{trans.__('Where does it come from?')}</legend>
            {this.stage('raw', trans.__('Raw: from a primary source'))}
            {this.stage(
              'processed',
              trans.__('Processed: made from other data')
            )}
          </fieldset>
        )}
      </>
    );
  }

  private stage(stage: string, words: string): React.ReactElement {
    return (
      <label className="e2e-Questions-choice">
        <input
          type="radio"
          name="e2e-stage"
          value={stage}
          defaultChecked={this.said.stage === stage}
          onChange={() => (this.said.stage = stage)}
        />
        {words}
      </label>
    );
  }
}
