/** Seconds as people say the time of an answer: `0.8 ms`, `11 ms`, `1.2 s`. */
export function milliseconds(seconds: number): string {
  const ms = seconds * 1000;
  if (ms >= 1000) {
    return `${seconds.toFixed(1)} s`;
  }
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
