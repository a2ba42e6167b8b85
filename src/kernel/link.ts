import { ISessionContext } from '@jupyterlab/apputils';
import { NotebookPanel } from '@jupyterlab/notebook';
import { Kernel, KernelMessage } from '@jupyterlab/services';
import { JSONObject } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import {
  IFit,
  IFrame,
  IKernelFits,
  IKernelFrames,
  IKernelHello,
  IKernelMade,
  IScalar
} from '../types';
import { VERSION } from '../version';
import { Others } from './others';

const TARGET = 'e2e_lab';

/** How long to wait for the kernel's second thread, which answers also while a cell runs. */
const SUBSHELL_MS = 500;

/** How long to wait for a kernel's first answer. */
const SETTLE_MS = 3000;

/** What stands between a notebook and the library in its kernel. */
export type LinkPhase =
  'no kernel' | 'asking' | 'not python' | 'not loaded' | 'missing' | 'live';

/** What a notebook's kernel has told. */
export interface ILinkState {
  readonly phase: LinkPhase;
  /** A cell runs. */
  readonly busy: boolean;
  readonly hello: IKernelHello | null;
  /** The project that the kernel works in, as the server's machine calls its folder. */
  readonly project: string | null;
  /** The line that installs the library, where it is missing. */
  readonly install: string;
  readonly frames: readonly IFrame[];
  /** How many tables there are, also those left out of `frames`. */
  readonly total: number;
  /** The fitted models, and the numbers that may be their metrics. */
  readonly fits: readonly IFit[];
  readonly scalars: readonly IScalar[];
}

const NOTHING: ILinkState = {
  phase: 'no kernel',
  busy: false,
  hello: null,
  project: null,
  install: '',
  frames: [],
  total: 0,
  fits: [],
  scalars: []
};

type Told =
  | IKernelHello
  | IKernelFrames
  | IKernelMade
  | IKernelFits
  | { type: 'save' | 'removed' };

/**
 * One notebook's conversation with the library in its kernel. It tells the kernel where the notebook
 * is, also after a rename, and hears of the tables there and of the versions that cells saved.
 */
export class KernelLink implements IDisposable {
  constructor(
    readonly panel: NotebookPanel,
    /** The folder that the server shows, a path in it as the server knows it, and how a notebook gets there. */
    private readonly server: {
      root: () => string;
      localPath: (path: string) => string;
      save: (context: NotebookPanel['context']) => Promise<void>;
    }
  ) {
    this._session = panel.sessionContext;
    this._context = panel.context;
    this._session.kernelChanged.connect(this.kernelChanged, this);
    this._session.statusChanged.connect(this.statusChanged, this);
    this._context.pathChanged.connect(this.tellPath, this);
    this._others = new Others(
      this._session,
      () => this.scheduled(),
      (source, error) => this.executed(source, error)
    );
    panel.disposed.connect(this.dispose, this);
    void this._session.ready.then(() => this.connect());
  }

  get state(): ILinkState {
    return this._state;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A cell has saved versions. */
  get made(): ISignal<this, IKernelMade> {
    return this._made;
  }

  /** Where the notebook is, for the server. */
  get path(): string {
    return this.server.localPath(this._context.path);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Ask for the tables again, or for the library where it did not answer. */
  ask(): void {
    if (this._comm) {
      this._comm.send({ type: 'refresh' });
    } else if (this._state.phase === 'not loaded') {
      void this.connect();
    }
  }

  /** Whether the library answers, once that is known; a kernel that is busy may take longer than anybody waits. */
  async settled(): Promise<LinkPhase> {
    await this._session.ready;
    const open = () =>
      this._state.phase === 'asking' ||
      (this._state.phase === 'no kernel' && this._connecting);
    if (open() && this._running === 0) {
      const known = new Promise<void>(resolve => {
        const look = () => {
          if (!open()) {
            this._changed.disconnect(look);
            resolve();
          }
        };
        this._changed.connect(look);
      });
      await Promise.race([known, pause(SETTLE_MS)]);
    }
    return this._state.phase;
  }

  /** A cell of the notebook begins, or waits for others. */
  scheduled(): void {
    this._running += 1;
    this.update({ busy: true });
  }

  /** A cell of the notebook has ended: it may have loaded the library, or told that there is none. */
  executed(source: string, error: string | null): void {
    this._running = Math.max(0, this._running - 1);
    this.update({ busy: this._running > 0 });
    if (!/\be2e(_lab)?\b/.test(source)) {
      return;
    }
    if (this._comm) {
      this._askAgain = this._state.phase === 'asking'; // it may have been asked before the cell ran
    } else if (error?.startsWith('ModuleNotFoundError')) {
      this.update({
        phase: 'missing',
        install: `%pip install e2e-lab==${VERSION}`
      });
    } else {
      void this.connect();
    }
  }

  /** The server knows that the kernel's Python lacks the library. */
  lacking(install: string): void {
    if (this._state.phase === 'not loaded') {
      this.update({ phase: 'missing', install });
    }
  }

  /** The server has told its root, without which the kernel cannot find the notebook. */
  tellPath(): void {
    this._comm?.send(this.where());
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._comm?.dispose();
      Signal.clearData(this);
    }
  }

  private async connect(): Promise<void> {
    const kernel = this._session.session?.kernel;
    if (!kernel || this._isDisposed) {
      this.update(NOTHING);
      return;
    }
    if (this._comm || this._connecting) {
      return;
    }
    this._connecting = true;
    try {
      const { language_info } = await kernel.info;
      if (language_info.name !== 'python') {
        this.update({ ...NOTHING, phase: 'not python' });
        return;
      }
      this.update({ phase: 'asking' });
      const comm = kernel.createComm(TARGET);
      const { subshellStarted } = comm as ISubshellComm;
      await Promise.race([subshellStarted, pause(SUBSHELL_MS)]);
      if (this._isDisposed || kernel !== this._session.session?.kernel) {
        comm.dispose();
        return;
      }
      this.open(comm);
    } catch (reason) {
      console.debug('e2e-lab: the kernel went away while it was asked', reason);
    } finally {
      this._connecting = false;
    }
  }

  private open(comm: Kernel.IComm): void {
    this._comm = comm;
    comm.onMsg = msg => {
      if (comm === this._comm) {
        this.hear(msg.content.data as unknown as Told);
      }
    };
    comm.onClose = () => {
      if (comm === this._comm) {
        this.close('not loaded');
        if (this._askAgain) {
          void this.connect();
        }
      }
    };
    this._askAgain = false;
    comm.open(this.where());
  }

  private hear(told: Told): void {
    switch (told.type) {
      case 'hello':
        this.update({ phase: 'live', hello: told, project: told.project });
        break;
      case 'frames':
        this.update({
          frames: told.frames,
          total: told.total,
          project: told.project
        });
        break;
      case 'fits':
        this.update({ fits: told.fits, scalars: told.scalars });
        break;
      case 'made':
        this._made.emit(told);
        break;
      case 'save':
        void this.save();
        break;
      case 'removed':
        this.close('not loaded');
        break;
    }
  }

  private async save(): Promise<void> {
    const saved = await this.server.save(this._context).then(
      () => true,
      () => false
    );
    this._comm?.send({ type: 'saved', path: this.path, ok: saved });
  }

  private where(): JSONObject {
    return {
      type: 'notebook',
      root: this.server.root(),
      path: this.path,
      version: VERSION
    };
  }

  private kernelChanged(): void {
    this.lose('asking');
    void this.connect();
  }

  private statusChanged(
    _: ISessionContext,
    status: KernelMessage.Status
  ): void {
    switch (status) {
      case 'restarting':
      case 'autorestarting':
        this.lose('asking');
        break;
      case 'dead':
      case 'terminating':
        this.lose('no kernel');
        break;
      case 'idle':
        // With comms on a thread of their own, a kernel says so also while a cell runs.
        this.update({ busy: this._running > 0 });
        if (this._state.phase === 'asking') {
          void this.connect();
        }
        break;
      case 'busy':
        this.update({ busy: true });
        break;
    }
  }

  /** The kernel is gone, and what ran in it. */
  private lose(phase: LinkPhase): void {
    this._running = 0;
    this._others.forget();
    this.close(phase);
  }

  private close(phase: LinkPhase): void {
    const comm = this._comm;
    this._comm = null;
    comm?.dispose();
    this.update({ ...NOTHING, busy: this._running > 0, phase });
  }

  private update(change: Partial<ILinkState>): void {
    const before = this._state;
    this._state = { ...before, ...change };
    const keys = Object.keys(change) as (keyof ILinkState)[];
    if (!this._isDisposed && keys.some(key => before[key] !== change[key])) {
      this._changed.emit();
    }
  }

  private _state = NOTHING;
  private _comm: Kernel.IComm | null = null;
  private _connecting = false;
  private _askAgain = false;
  /** Cells that run or wait. */
  private _running = 0;
  private _isDisposed = false;
  private readonly _session: ISessionContext;
  private readonly _others: Others;
  private readonly _context: NotebookPanel['context'];
  private readonly _changed = new Signal<this, void>(this);
  private readonly _made = new Signal<this, IKernelMade>(this);
}

/** What a comm of JupyterLab 4.5 and newer tells, besides. */
interface ISubshellComm extends Kernel.IComm {
  readonly subshellStarted?: Promise<void>;
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}
