import { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import { Problem } from '../components/problem';
import { unbroken } from '../components/words';
import { SeenWidget } from '../components/seen';
import { Sign } from '../components/sign';
import { FlowModel } from '../flow/model';
import { workspaceRoom } from '../flow/workspace';
import { Kernels } from '../kernel/model';
import { IRoom } from '../types';
import { ARROWS, BOXES, IArrow, IBox, Port } from './chart';

const BOX = { width: 180, height: 96 };
const GAP = { x: 40, y: 32 };
const EDGE = 12;
/** How far an arrow's tip is from its box, and its length. */
const TIP = { off: 2, long: 8 };

/** The tab **Workflow**: the handbook's whole chart, with what exists in this project alive in it. */
export class WorkflowTab extends SeenWidget {
  constructor(
    private readonly model: FlowModel,
    private readonly kernels: Kernels,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('e2e-WorkflowTab');
    model.changed.connect(this.change, this);
    kernels.changed.connect(this.change, this);
  }

  dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected seen(visible: boolean): void {
    this.model.seen(this, visible);
  }

  protected render(): React.ReactElement {
    const { model, trans } = this;
    return (
      <UseSignal signal={this._changed}>
        {() => {
          const { status } = model.state;
          const { phase, problem } = model.watch.state;
          const rooms = status
            ? [
                ...status.rooms,
                workspaceRoom(this.kernels.workspace ?? null, trans)
              ]
            : [];
          return (
            <>
              <h2>
                {status
                  ? trans.__('The workflow of %1', status.project)
                  : trans.__('The workflow')}
              </h2>
              {problem && <Problem problem={problem} trans={trans} />}
              {phase === 'outside' && (
                <p className="e2e-Hint">
                  {trans.__(
                    'This folder is in no project; the sidebar makes one.'
                  )}
                </p>
              )}
              {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls */}
              <div className="e2e-WorkflowTab-chart" tabIndex={0}>
                <Workflow rooms={rooms} trans={trans} />
                {rooms.length > 0 && (
                  <p className="e2e-Hint">
                    {trans.__('Dashed: not a part of this project.')}
                  </p>
                )}
              </div>
            </>
          );
        }}
      </UseSignal>
    );
  }

  private change(): void {
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
}

/** The chart. */
export function Workflow(props: {
  rooms: readonly IRoom[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { rooms, trans } = props;
  const columns = Math.max(...BOXES.map(box => box.column)) + 1;
  const rows = Math.max(...BOXES.map(box => box.row)) + 1;
  const width = columns * (BOX.width + GAP.x) - GAP.x + 2 * EDGE;
  const height = rows * (BOX.height + GAP.y) - GAP.y + 2 * EDGE;
  return (
    <div className="e2e-Graph e2e-Workflow" style={{ width, height }}>
      <svg width={width} height={height} aria-hidden="true">
        {ARROWS.map(arrow => (
          <ArrowLine key={`${arrow.from} ${arrow.to}`} arrow={arrow} />
        ))}
      </svg>
      <ul aria-label={trans.__('Workflow')}>
        {BOXES.map(box => (
          <Box
            key={box.id}
            box={box}
            room={rooms.find(room => room.name === box.room) ?? null}
            trans={trans}
          />
        ))}
      </ul>
    </div>
  );
}

function Box(props: {
  box: IBox;
  room: IRoom | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { box, room, trans } = props;
  const { x, y } = corner(box);
  return (
    <li
      className={
        box.store ? 'e2e-Workflow-box e2e-mod-store' : 'e2e-Workflow-box'
      }
      data-alive={room !== null}
      style={{ left: x, top: y }}
      title={room?.summary}
    >
      <span className="e2e-Workflow-name">
        {room && <Sign state={room.state} trans={trans} />}
        {boxName(box.id, trans)}
      </span>
      {room && box.id !== 'tracking' && (
        <span className="e2e-Workflow-summary">{unbroken(room.summary)}</span>
      )}
    </li>
  );
}

function ArrowLine(props: { arrow: IArrow }): React.ReactElement {
  const { arrow } = props;
  const a = port(arrow.from, arrow.out, arrow.both);
  const b = port(arrow.to, arrow.in, true);
  const bend = (one: IEnd, other: IEnd) =>
    (one.dx * other.dx + one.dy * other.dy === 0 ? 0.75 : 0.5) *
    Math.abs(one.dx ? b.x - a.x : b.y - a.y);
  const [out, into] = [bend(a, b), bend(b, a)];
  const line = `M${a.x} ${a.y}C${a.x + a.dx * out} ${a.y + a.dy * out} ${
    b.x + b.dx * into
  } ${b.y + b.dy * into} ${b.x} ${b.y}`;
  return (
    <g className="e2e-Graph-edge">
      <path d={line} strokeDasharray={arrow.dotted ? '2 4' : undefined} />
      <path d={tip(b)} className="e2e-mod-filled" />
      {arrow.both && <path d={tip(a)} className="e2e-mod-filled" />}
    </g>
  );
}

interface IEnd {
  x: number;
  y: number;
  /** Away from the box. */
  dx: number;
  dy: number;
}

/** Where an arrow's line ends: at the box, or where its tip begins. */
function port(id: string, [side, off = 0]: Port, tipped?: boolean): IEnd {
  const box = BOXES.find(box => box.id === id)!;
  const { x, y } = corner(box);
  const dx = side === 'l' ? -1 : side === 'r' ? 1 : 0;
  const dy = side === 't' ? -1 : side === 'b' ? 1 : 0;
  const away = tipped ? TIP.off + TIP.long : 0;
  return {
    x: x + ((1 + dx) * BOX.width) / 2 + (dx === 0 ? off : 0) + dx * away,
    y: y + ((1 + dy) * BOX.height) / 2 + (dy === 0 ? off : 0) + dy * away,
    dx,
    dy
  };
}

function tip({ x, y, dx, dy }: IEnd): string {
  const [sx, sy] = [4 * dy, 4 * dx];
  return `M${x + sx} ${y + sy}L${x - sx} ${y - sy}L${x - TIP.long * dx} ${y - TIP.long * dy}z`;
}

function corner(box: IBox): { x: number; y: number } {
  return {
    x: EDGE + box.column * (BOX.width + GAP.x),
    y: EDGE + box.row * (BOX.height + GAP.y)
  };
}

function boxName(id: string, trans: TranslationBundle): string {
  const names: Record<string, string> = {
    data: trans.__('Data/Artifact Storage & Governance'),
    versions: trans.__('Version Control'),
    workspace: trans.__('Developer Workspace'),
    cicd: trans.__('CI/CD'),
    experiments: trans.__('Model Experimentation'),
    tracking: trans.__('Experiment & Pipeline Tracking'),
    registry: trans.__('Model Registry'),
    containers: trans.__('Container Registry'),
    serving: trans.__('Model Serving'),
    monitoring: trans.__('Model Monitoring')
  };
  return names[id] ?? id;
}
