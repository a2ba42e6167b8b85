import { ISignal, Signal } from '@lumino/signaling';

import { ApiError, IApi, IServiceName, problemOf } from '../api';
import {
  IAnswered,
  ICompared,
  IGraph,
  IRequestForm,
  IServiceEntry
} from '../types';
import { IFollower, Watch } from '../watch';
import { IField, fieldOf, rowText } from './form';

export type ServiceView = 'try' | 'requests' | 'code' | 'log';

/** What the tab asks the server. */
export type IServiceApi = Pick<
  IApi,
  | 'service'
  | 'requestForm'
  | 'predict'
  | 'compare'
  | 'predictions'
  | 'traffic'
  | 'trace'
  | 'serviceToken'
  | 'serviceStream'
>;

/** What the tab of a service shows. */
export interface IServiceState {
  readonly service: IServiceEntry | null;
  /** Why the service is not known. */
  readonly problem: ApiError | null;
  readonly view: ServiceView;
  readonly form: IRequestForm | null;
  readonly formProblem: ApiError | null;
  readonly fields: Readonly<Record<string, IField>>;
  /** A request is on its way. */
  readonly asking: boolean;
  readonly refusal: ApiError | null;
  readonly answer: IAnswer | null;
}

/** An answer, and what is found out about it afterwards. */
export interface IAnswer extends IAnswered {
  /** Null until the model was asked itself. */
  readonly compared: ICompared | null;
}

/** One service of a project, and the row that it is tried with. */
export class ServiceModel implements IFollower {
  constructor(
    readonly api: IServiceApi,
    readonly watch: Watch,
    readonly at: IServiceName
  ) {}

  get state(): IServiceState {
    return this._state;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get runs(): boolean {
    return ['serving', 'unreachable'].includes(
      this._state.service?.state ?? ''
    );
  }

  /** The tab can be seen, or no longer. */
  seen(visible: boolean): void {
    this._seen = visible;
    if (visible) {
      this.watch.follow(this);
      void this.look();
    } else {
      this.watch.leave(this);
    }
  }

  /** Something of the project changed; the tab may show another than the folder that is looked at. */
  async ask(): Promise<() => void> {
    await this.look();
    return () => undefined;
  }

  forget(): void {
    // the tab keeps its project, wherever the sidebar goes
  }

  set view(view: ServiceView) {
    this.update({ view });
  }

  /** Ask again how the service stands. */
  async look(): Promise<void> {
    if (!this._seen) {
      return;
    }
    try {
      const service = await this.api.service(this.at);
      this.update({ service, problem: null });
      if (this._state.form?.ref !== service.ref) {
        await this.prefill();
      }
    } catch (error) {
      this.update({ problem: problemOf(error) });
    }
  }

  /** Ask what a row holds, and write a real one into the form. */
  async prefill(): Promise<void> {
    if (this._prefilling) {
      return;
    }
    this._prefilling = true;
    try {
      const form = await this.api.requestForm(this.at);
      this.update({ form, formProblem: null, answer: null, refusal: null });
      this.fill(0);
    } catch (error) {
      this.update({ formProblem: problemOf(error) });
    } finally {
      this._prefilling = false;
    }
  }

  /** Write the next of the real rows into the form. */
  another(): void {
    const rows = this._state.form?.rows ?? [];
    this.fill(rows.length ? (this._row + 1) % rows.length : 0);
  }

  write(column: string, field: IField): void {
    const fields = { ...this._state.fields, [column]: field };
    this.update({ fields });
  }

  /** The row in the form, as JSON. */
  get row(): string {
    const { form, fields } = this._state;
    return rowText(form?.schema.columns ?? [], fields);
  }

  /** Ask the service; what the model itself would say is asked after the answer is shown. */
  async predict(): Promise<void> {
    const rows = `[${this.row}]`;
    this.update({ asking: true, refusal: null });
    let answered: IAnswered;
    try {
      answered = await this.api.predict(this.at, rows);
    } catch (error) {
      const refusal = problemOf(error);
      this.update({ asking: false, refusal, answer: null });
      if (refusal.errors.length === 0) {
        void this.look(); // it may have ended
      }
      return;
    }
    const answer = { ...answered, compared: null };
    this.update({ asking: false, answer });
    void this.look(); // there is one request more
    this.watch.invalidate(); // for the sidebar, too
    const compared = await this.api
      .compare(this.at, rows, answered.predictions)
      .catch(error => ({
        ...{ equal: null, own: [], difference: null },
        why: problemOf(error).message
      }));
    if (this._state.answer === answer) {
      this.update({ answer: { ...answer, compared } });
    }
  }

  /** What is behind an answer. */
  trace(id: string): Promise<IGraph> {
    return this.api.trace(this.at.folder, id);
  }

  dispose(): void {
    this.seen(false);
    Signal.clearData(this);
  }

  private fill(row: number): void {
    const { form } = this._state;
    this._row = row;
    const values = form?.rows[row] ?? {};
    const fields = Object.fromEntries(
      (form?.schema.columns ?? []).map(({ name, nullable }) => [
        name,
        form?.rows.length
          ? fieldOf(values[name])
          : { text: '', isNull: nullable }
      ])
    );
    this.update({ fields, refusal: null });
  }

  private update(change: Partial<IServiceState>): void {
    this._state = { ...this._state, ...change };
    this._changed.emit();
  }

  private _state: IServiceState = {
    service: null,
    problem: null,
    view: 'try',
    form: null,
    formProblem: null,
    fields: {},
    asking: false,
    refusal: null,
    answer: null
  };
  private _row = 0;
  private _seen = false;
  private _prefilling = false;
  private readonly _changed = new Signal<this, void>(this);
}
