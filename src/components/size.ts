/** Bytes as people say them: `5.3 MB`, `812 B`. The same words as `records.size`. */
export function size(bytes: number): string {
  if (bytes < 1000) {
    return `${bytes} B`;
  }
  const units = ['kB', 'MB', 'GB', 'TB'];
  let n = bytes / 1000;
  let unit = 0;
  while (n >= 999.5 && unit < units.length - 1) {
    n /= 1000;
    unit += 1;
  }
  return `${n.toFixed(n < 100 ? 1 : 0)} ${units[unit]}`;
}
