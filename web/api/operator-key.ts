/** The operator's key: kept for this tab only, sent with every request once it is there. */
import { useSyncExternalStore } from 'react';
import { tabStorage } from './storage.js';

const PLACE = 'operator-key';
const listeners = new Set<() => void>();

export function operatorKey(): string | null {
  return tabStorage.get(PLACE);
}

export function setOperatorKey(key: string | null): void {
  tabStorage.set(PLACE, key);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useOperatorKey(): string | null {
  return useSyncExternalStore(subscribe, operatorKey);
}
