import { UseSignal } from '@jupyterlab/ui-components';
import { ISignal } from '@lumino/signaling';
import * as React from 'react';

import { SeenWidget } from './seen';

/** A section of the sidebar, by the name that is read and read out. */
export abstract class Section extends SeenWidget {
  constructor(id: string, label: string, className: string) {
    super();
    this.addClass('e2e-Panel');
    this.addClass(className);
    this.id = id;
    this.title.label = label;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', label);
  }
}

/** What a section shows, and when that is another. */
export interface IShown {
  readonly changed: ISignal<object, void>;
  seen(visible: boolean): void;
}

/** A section that shows one part of the project. */
export abstract class PartSection<M extends IShown> extends Section {
  constructor(
    protected readonly model: M,
    id: string,
    label: string,
    className: string
  ) {
    super(id, label, className);
  }

  protected abstract shown(): React.ReactElement;

  protected seen(visible: boolean): void {
    this.model.seen(visible);
  }

  protected render(): React.ReactElement {
    return (
      <UseSignal signal={this.model.changed}>{() => this.shown()}</UseSignal>
    );
  }
}
