import { nullTranslator } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';
import { fireEvent, render, screen, within } from '@testing-library/react';
import * as React from 'react';

import { ApiError } from '../api';
import { Kernels } from '../kernel/model';
import { workspace } from '../testing/data';
import { STATUS } from '../testing/status';
import { VERSION } from '../version';
import { Watch } from '../watch';
import { Notices, Where } from './head';
import { FlowModel } from './model';
import { Flow, FlowPanel } from './panel';
import { workspaceRoom } from './workspace';

const trans = nullTranslator.load('e2e_lab');

const OUTSIDE = {
  phase: 'outside' as const,
  folder: 'analysis',
  status: null,
  problem: null,
  creating: false,
  refusal: null
};
const INSIDE = { ...OUTSIDE, phase: 'project' as const, status: STATUS };

function show(
  state: Partial<React.ComponentProps<typeof Flow>['state']>,
  more: Partial<React.ComponentProps<typeof Flow>> = {}
) {
  return render(
    <Flow
      state={{ ...OUTSIDE, ...state }}
      workspace={null}
      actions={{ openData: () => {}, openNotebook: () => {} }}
      trans={trans}
      onCreate={() => {}}
      onDrawn={() => {}}
      {...more}
    />
  );
}

describe('Flow', () => {
  it('shows each room with its state in words, its summary and next step', () => {
    show(INSIDE);
    const rooms = screen.getAllByRole('listitem');
    expect(rooms.map(room => room.dataset.room)).toEqual([
      'Data',
      'Workspace',
      'Service'
    ]);
    const data = within(rooms[0]);
    data.getByText('not committed');
    data.getByText('2 raw · 1 processed');
    data.getByText('%e2e commit -m "clean flights"');
    within(rooms[2]).getByText('nothing yet');
    expect(within(rooms[2]).queryByText('Next:')).toBeNull();
  });

  it('draws the arrow that passes by other boxes', () => {
    const experiments = {
      name: 'Experiments',
      state: 'empty' as const,
      summary: 'no runs yet',
      next: null
    };
    const rooms = [...STATUS.rooms, experiments];
    show({ ...INSIDE, status: { ...STATUS, rooms } });
    const ends = document.querySelectorAll('.e2e-mod-exchanges');
    expect([...ends].map(end => (end as HTMLElement).dataset.room)).toEqual([
      'Data',
      'Experiments'
    ]);
  });

  it('marks the one next step of the project', () => {
    const rooms = [...STATUS.rooms];
    rooms[1] = { ...rooms[1], next: 'e2e serve delay' };
    show({ ...INSIDE, status: { ...STATUS, rooms } });
    const marked = document.querySelectorAll('[aria-current="step"]');
    expect([...marked].map(step => step.textContent)).toEqual([
      'Next: %e2e commit -m "clean flights"'
    ]);
    screen.getByText('%e2e serve delay');
  });

  it('has buttons only where there is something to open', () => {
    const openNotebook = jest.fn();
    const actions = { openData: jest.fn(), openNotebook };
    const { rerender } = show(INSIDE, { actions });
    expect(screen.queryByRole('button', { name: 'Workspace' })).toBeNull();
    expect(screen.queryByRole('button', { name: 'Service' })).toBeNull();
    rerender(
      <Flow
        state={INSIDE}
        workspace={workspace()}
        actions={actions}
        trans={trans}
        onCreate={() => {}}
        onDrawn={() => {}}
      />
    );
    fireEvent.click(screen.getByRole('button', { name: 'Workspace' }));
    expect(openNotebook).toHaveBeenCalledTimes(1);
  });

  it('offers to create a project outside of one', () => {
    const onCreate = jest.fn();
    show({}, { onCreate });
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
});

describe('the workspace', () => {
  it.each([
    [null, 'empty', 'no notebook open'],
    [workspace(), 'clean', 'late.ipynb'],
    [workspace({ unsaved: true }), 'unsaved', 'late.ipynb · not saved'],
    [workspace({ busy: true }), 'running', 'late.ipynb · a cell runs'],
    [workspace({ phase: 'no kernel' }), 'clean', 'late.ipynb · no kernel'],
    [workspace({ phase: 'missing' }), 'needs you', 'late.ipynb']
  ])('%#: its state in words', (now, state, summary) => {
    expect(workspaceRoom(now, trans)).toMatchObject({ state, summary });
  });
});

describe('the head', () => {
  const projects = [
    { path: 'flights', name: 'flights' },
    { path: 'old/sales', name: 'sales' }
  ];

  it('switches between projects where there are several', () => {
    const onSwitch = jest.fn();
    render(
      <Where
        {...INSIDE}
        projects={projects}
        trans={trans}
        onSwitch={onSwitch}
      />
    );
    const select = screen.getByRole('combobox', { name: 'Project' });
    expect(within(select).getAllByRole('option')).toHaveLength(2);
    fireEvent.change(select, { target: { value: 'old/sales' } });
    expect(onSwitch).toHaveBeenCalledWith('old/sales');
  });

  it('names the one project there is', () => {
    render(
      <Where
        {...INSIDE}
        projects={projects.slice(0, 1)}
        trans={trans}
        onSwitch={() => {}}
      />
    );
    expect(screen.queryByRole('combobox')).toBeNull();
    screen.getByText('flights');
    screen.getByText('main');
    screen.getByText('5.3 MB');
  });

  it('says nothing while it does not know', () => {
    render(
      <Where
        {...OUTSIDE}
        phase="looking"
        projects={projects}
        trans={trans}
        onSwitch={() => {}}
      />
    );
    expect(screen.queryByRole('combobox')).toBeNull();
  });

  it.each([
    [{ version: '9.0' }, 'the server 9.0', 'pip install'],
    [{ writable: false }, 'read-only', ''],
    [{ git: false, branch: null }, 'There is no git here', '%e2e init']
  ])('tells %j with the line to type', (status, words, line) => {
    render(
      <Notices
        problem={null}
        status={{ ...STATUS, ...status }}
        workspace={null}
        trans={trans}
      />
    );
    const note = screen.getByRole('note');
    expect(note.textContent).toContain(words);
    expect(note.textContent).toContain(line);
  });

  it('tells of a kernel with another version, with its install line', () => {
    const hello = {
      type: 'hello' as const,
      version: '0.0.9',
      format: 1,
      python: '/usr/bin/python',
      install: '/usr/bin/python -m pip install e2e-lab==0.0.9', // of the kernel's own version
      project: null,
      match: false
    };
    render(
      <Notices
        problem={null}
        status={STATUS}
        workspace={workspace({ hello })}
        trans={trans}
      />
    );
    within(screen.getByRole('note')).getByText(
      `%pip install e2e-lab==${VERSION}`
    );
  });
});

describe('FlowPanel', () => {
  beforeAll(() => {
    // Lumino, not the test, says when React draws here.
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false });
  });

  it('looks only while it can be seen', () => {
    const watch = new Watch({ revision: () => Promise.resolve(null) });
    const model = new FlowModel({} as never, watch);
    const kernels = {
      workspace: null,
      changed: { connect: () => true }
    } as unknown as Kernels;
    const sidebar = new Panel();
    const actions = { openData: () => {}, openNotebook: () => {} };
    const panel = new FlowPanel(model, kernels, actions, trans);
    sidebar.addWidget(panel);
    sidebar.hide();

    Widget.attach(sidebar, document.body);
    expect(watch.looking).toBe(false);
    sidebar.show();
    expect(watch.looking).toBe(true);
    sidebar.hide();
    expect(watch.looking).toBe(false);
    sidebar.show();
    expect(watch.looking).toBe(true);
    panel.hide(); // its section of the accordion is folded
    expect(watch.looking).toBe(false);
    sidebar.dispose();
    MessageLoop.flush();
    watch.dispose();
  });
});
