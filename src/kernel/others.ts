import { ISessionContext } from '@jupyterlab/apputils';
import { KernelMessage } from '@jupyterlab/services';

/** What others have the kernel run: on another page, or in a console. */
export class Others {
  constructor(
    private readonly session: ISessionContext,
    private readonly began: () => void,
    private readonly ended: (source: string, error: string | null) => void
  ) {
    session.iopubMessage.connect(this.overhear, this);
  }

  /** The kernel is another one, or begins anew. */
  forget(): void {
    this._running.clear();
  }

  private overhear(_: ISessionContext, message: KernelMessage.IMessage): void {
    const { msg_id: id, session } =
      message.parent_header as Partial<KernelMessage.IHeader>;
    if (!id || session === this.session.session?.kernel?.clientId) {
      return;
    }
    if (KernelMessage.isExecuteInputMsg(message)) {
      this._running.set(id, { source: message.content.code, error: null });
      this.began();
    }
    const running = this._running.get(id);
    if (running && KernelMessage.isErrorMsg(message)) {
      running.error = message.content.ename;
    }
    if (
      running &&
      KernelMessage.isStatusMsg(message) &&
      message.content.execution_state === 'idle'
    ) {
      this._running.delete(id);
      this.ended(running.source, running.error);
    }
  }

  /** By the message that asked for it. */
  private readonly _running = new Map<string, IRunning>();
}

interface IRunning {
  readonly source: string;
  error: string | null;
}
