import { nullTranslator } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';
import { fireEvent, render, screen, within } from '@testing-library/react';
import * as React from 'react';

import { ApiError, IApi } from '../api';
import { STATUS } from '../testing/status';
import { FlowModel, IFlowState } from './model';
import { Flow, FlowPanel } from './panel';

const trans = nullTranslator.load('e2e_lab');

const OUTSIDE: IFlowState = {
  phase: 'welcome',
  folder: 'analysis',
  status: null,
  problem: null,
  creating: false,
  refusal: null
};

function show(state: Partial<IFlowState>, onCreate = () => {}) {
  return render(
    <Flow state={{ ...OUTSIDE, ...state }} trans={trans} onCreate={onCreate} />
  );
}

describe('Flow', () => {
  it('shows each room with its state in words, its summary and next step', () => {
    show({ phase: 'project', status: STATUS });
    expect(screen.getByText('flights').parentElement?.textContent).toBe(
      'flights · main5.3 MB'
    );
    const rooms = screen.getAllByRole('listitem');
    expect(rooms).toHaveLength(2);
    const data = within(rooms[0]);
    data.getByText('not committed');
    data.getByText('2 raw · 1 processed');
    data.getByText('%e2e commit -m "clean flights"');
    within(rooms[1]).getByText('nothing yet');
    expect(within(rooms[1]).queryByText('Next:')).toBeNull();
  });

  it('marks the one next step of the project', () => {
    const rooms = [...STATUS.rooms];
    rooms[1] = { ...rooms[1], next: 'e2e serve delay' };
    show({ phase: 'project', status: { ...STATUS, rooms } });
    const marked = document.querySelectorAll('[aria-current="step"]');
    expect([...marked].map(step => step.textContent)).toEqual([
      'Next: %e2e commit -m "clean flights"'
    ]);
    screen.getByText('%e2e serve delay');
  });

  it('says nothing of a branch where there is none', () => {
    show({ phase: 'project', status: { ...STATUS, branch: null } });
    expect(screen.queryByText(/main/)).toBeNull();
  });

  it('offers to create a project outside of one', () => {
    const onCreate = jest.fn();
    show({}, onCreate);
    fireEvent.click(
      screen.getByRole('button', { name: 'Create a project here' })
    );
    expect(onCreate).toHaveBeenCalledTimes(1);
  });

  it('cannot be told twice while it creates', () => {
    show({ creating: true });
    const button = screen.getByRole('button') as HTMLButtonElement;
    expect(button.disabled).toBe(true);
  });

  it('shows a refusal with its hint where the button is', () => {
    const refusal = new ApiError('read_only', 'May not be written.', 'ls -l');
    show({ refusal });
    const alert = screen.getByRole('alert');
    expect(alert.textContent).toBe('May not be written.ls -l');
    expect(alert.parentElement?.querySelector('button')).not.toBeNull();
  });

  it('keeps the rooms when the server fails, and says so with the hint', () => {
    const problem = new ApiError('damaged', 'A record is damaged.', 'git log');
    show({ phase: 'project', status: STATUS, problem });
    within(screen.getByRole('alert')).getByText('git log');
    expect(screen.getAllByRole('listitem')).toHaveLength(2);
  });
});

describe('FlowPanel', () => {
  beforeAll(() => {
    // Lumino, not the test, says when React draws here.
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false });
  });

  it('looks only while it can be seen', () => {
    const api = {} as IApi; // no tick passes in this test
    const model = new FlowModel(api);
    const watched: string[] = [];
    jest.spyOn(model, 'show').mockImplementation(() => watched.push('show'));
    jest.spyOn(model, 'hide').mockImplementation(() => watched.push('hide'));
    const sidebar = new Panel();
    const panel = new FlowPanel(model, trans);
    sidebar.addWidget(panel);
    sidebar.hide();

    Widget.attach(sidebar, document.body);
    expect(watched).not.toContain('show');
    sidebar.show();
    expect(watched.pop()).toBe('show');
    sidebar.hide();
    expect(watched.pop()).toBe('hide');
    sidebar.show();
    expect(watched.pop()).toBe('show');
    panel.hide(); // its section of the accordion is folded
    expect(watched.pop()).toBe('hide');
    sidebar.dispose();
    MessageLoop.flush();
    model.dispose();
  });
});
