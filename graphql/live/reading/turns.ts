/**
 * Turns at the event loop, for work on the past: it lies ready, so nothing would make it wait for the requests that come meanwhile.
 * Must stay true: between two turns the loop goes round once, and turns are given in the order in which they were asked for.
 */

const waiting: (() => void)[] = [];

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(give);
  });
}

function give(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(give);
}
