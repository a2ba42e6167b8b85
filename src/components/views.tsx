import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

/** The views of a tab, of which one is shown; arrows go from one to the next. */
export function Views<V extends string>(props: {
  views: readonly V[];
  view: V;
  name: (view: V) => string;
  onView: (view: V) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { views, view, name, onView, trans } = props;
  const keys = (event: React.KeyboardEvent<HTMLElement>) => {
    const at = views.indexOf(view);
    const to = {
      ArrowRight: (at + 1) % views.length,
      ArrowLeft: (at + views.length - 1) % views.length,
      Home: 0,
      End: views.length - 1
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      onView(views[to]);
      (event.currentTarget.children[to] as HTMLElement).focus();
    }
  };
  return (
    // eslint-disable-next-line jsx-a11y/interactive-supports-focus -- its tabs have the focus
    <div
      className="e2e-Views"
      role="tablist"
      aria-label={trans.__('Views')}
      onKeyDown={keys}
    >
      {views.map(one => (
        <button
          key={one}
          type="button"
          role="tab"
          aria-selected={one === view}
          tabIndex={one === view ? 0 : -1}
          className="e2e-View"
          onClick={() => onView(one)}
        >
          {name(one)}
        </button>
      ))}
    </div>
  );
}
