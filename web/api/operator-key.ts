/** The operator's key: kept for this tab only, sent with every request once it is there. */
import { useSyncExternalStore } from 'react';

const PLACE = 'operator-key';
const listeners = new Set<() => void>();

export function operatorKey(): string | null {
  return sessionStorage.getItem(PLACE);
}

export function setOperatorKey(key: string | null): void {
  if (key === null) sessionStorage.removeItem(PLACE);
  else sessionStorage.setItem(PLACE, key);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useOperatorKey(): string | null {
  return useSyncExternalStore(subscribe, operatorKey);
}
