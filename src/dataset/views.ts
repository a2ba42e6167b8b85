import { TranslationBundle } from '@jupyterlab/translation';

import { DatasetView } from './model';

/** A view's name in the reader's language. */
export function viewName(view: DatasetView, trans: TranslationBundle): string {
  switch (view) {
    case 'rows':
      return trans.__('Rows');
    case 'columns':
      return trans.__('Columns');
    case 'changes':
      return trans.__('Changes');
    case 'lineage':
      return trans.__('Lineage');
  }
}
