import { TranslationBundle } from '@jupyterlab/translation';

import { ICommit, ICommitEntry, IDatasetChange } from '../types';

/** The versions of a dataset before and after a change: `v1 → v2`. */
export function versions(
  change: IDatasetChange,
  trans: TranslationBundle
): string {
  const { before, after } = change;
  if (after === null) {
    return trans.__('removed');
  }
  return before === null || before === after
    ? `v${after}`
    : `v${before} → v${after}`;
}

/** What happened to a dataset: `flights v1 → v2: +1 column · rows as before`. */
export function effect(
  change: IDatasetChange,
  trans: TranslationBundle
): string {
  const said = `${change.name} ${versions(change, trans)}`;
  return change.change ? `${said}: ${change.change}` : said;
}

/** What a commit did to code, in numbers: `2 notebooks · 1 file`. */
export function files(commit: ICommitEntry, trans: TranslationBundle): string {
  const { notebook = 0, record = 0 } = commit.kinds;
  const others = commit.files - notebook - record;
  return [
    notebook && trans._n('%1 notebook', '%1 notebooks', notebook),
    others && trans._n('%1 file', '%1 files', others)
  ]
    .filter(Boolean)
    .join(' · ');
}

/** The line that takes a commit back and leaves the files as they are. */
export function undoing(commit: ICommit): string {
  return commit.first ? 'git update-ref -d HEAD' : 'git reset --soft HEAD~1';
}
