import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Asked } from '../components/asked';
import { Lineage } from '../dataset/lineage';
import { IGraph } from '../types';
import { ServiceModel } from './model';

/** What is behind an answer, as a graph that ends with it. */
export function Trace(props: {
  title: string;
  id: string;
  model: ServiceModel;
  /** Show a version of a dataset. */
  onOpen: (ref: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { title, id, model, onOpen, trans } = props;
  return (
    <section aria-label={trans.__('Trace')}>
      <h3 className="e2e-Form-title">{title}</h3>
      <Asked of={id} ask={() => model.trace(id)} trans={trans}>
        {graph => <FromItsEnd graph={graph} trans={trans} onOpen={onOpen} />}
      </Asked>
    </section>
  );
}

/** The graph fits the tab where it can; else its right end, the answer, is seen first. */
function FromItsEnd(props: {
  graph: IGraph;
  trans: TranslationBundle;
  onOpen: (ref: string) => void;
}): React.ReactElement {
  const box = React.useRef<HTMLDivElement>(null);
  const [room, setRoom] = React.useState<number | undefined>();
  React.useLayoutEffect(() => {
    const element = box.current;
    if (!element) {
      return;
    }
    const measure = () => setRoom(element.clientWidth);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  React.useLayoutEffect(() => {
    if (box.current) {
      box.current.scrollLeft = box.current.scrollWidth;
    }
  }, [props.graph, room]);
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls
    <div ref={box} className="e2e-Trace" tabIndex={0}>
      <Lineage {...props} room={room} />
    </div>
  );
}
