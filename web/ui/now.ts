/** The present, as components that show an age need it: one clock for all of them, which ticks once a second. */
import { useSyncExternalStore } from 'react';
import { now, onCorrection } from '../api/clock.js';

const TICK_MS = 1_000;
let present = now();
const readers = new Set<() => void>();
const tick = () => {
  present = now();
  for (const reader of readers) reader();
};
setInterval(tick, TICK_MS);
onCorrection(tick);

function subscribe(reader: () => void): () => void {
  readers.add(reader);
  return () => readers.delete(reader);
}

/** What `read` makes of the present, which must compare by Object.is: a component is drawn anew when that changes. */
export function usePresent<Value>(read: (present: number) => Value): Value {
  return useSyncExternalStore(subscribe, () => read(present));
}

export function useNow(): number {
  return usePresent((at) => at);
}
