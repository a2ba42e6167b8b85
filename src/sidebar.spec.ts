import { nullTranslator } from '@jupyterlab/translation';
import { AccordionPanel, Widget } from '@lumino/widgets';

import { Sidebar } from './sidebar';

/** A section of the sidebar, as high as the test says. */
function section(height: number, content: number): Widget {
  const panel = new Widget();
  const chart = panel.node.appendChild(document.createElement('ul'));
  chart.getBoundingClientRect = () => ({ bottom: content }) as DOMRect;
  Object.defineProperty(panel.node, 'offsetHeight', { value: height });
  return panel;
}

describe('Sidebar', () => {
  function setUp(content: number) {
    const sidebar = new Sidebar(new Widget(), nullTranslator);
    sidebar.addWidget(section(300, content));
    sidebar.addWidget(section(300, 0));
    Widget.attach(sidebar, document.body);
    const inside = sidebar.content as AccordionPanel;
    const sizes = jest.spyOn(inside, 'setRelativeSizes');
    return { sidebar, inside, sizes };
  }

  it('shows the first section whole, once for each project', () => {
    const { sidebar, sizes } = setUp(172);
    sidebar.arrange('flights');
    expect(sizes).toHaveBeenLastCalledWith([200, 400]);
    sidebar.arrange('flights'); // what it shows has changed: nothing moves
    expect(sizes).toHaveBeenCalledTimes(1);
    sidebar.arrange('other');
    expect(sizes).toHaveBeenCalledTimes(2);
  });

  it('leaves room for the others', () => {
    const { sidebar, sizes } = setUp(2000);
    sidebar.arrange('flights');
    expect(sizes).toHaveBeenLastCalledWith([384, 216]);
  });

  it('leaves a border where somebody put it', () => {
    const { sidebar, inside, sizes } = setUp(172);
    (inside.handleMoved as unknown as { emit(): void }).emit();
    sidebar.arrange('flights');
    expect(sizes).not.toHaveBeenCalled();
  });
});
