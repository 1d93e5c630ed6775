/**
 * Alerts as they are sent, for the whole application, resumed behind the last one seen.
 * Must stay true: between the first query and the subscription nothing is lost, for the subscription begins behind the newest alert asked for.
 */
import { useSyncExternalStore } from 'react';
import { client } from '../api/client.js';
import { ALERTS, type AlertFields } from '../api/operations/alerts.js';
import { ALERTS_TRIGGERED } from '../api/operations/live.js';
import { follow } from '../api/socket.js';

const MOST_KEPT = 100;
const FIRST = 50;
const RETRY_MS = 2_000;

export interface AlertFeedState {
  /** Newest first. Those that came while the page was open are `fresh`. */
  alerts: readonly (AlertFields & { fresh: boolean })[];
  /** Fresh ones that nobody has looked at. */
  unseen: number;
  loaded: boolean;
}

let state: AlertFeedState = { alerts: [], unseen: 0, loaded: false };
const readers = new Set<() => void>();

function change(next: AlertFeedState): void {
  state = next;
  for (const reader of readers) reader();
}

export async function startAlertFeed(): Promise<void> {
  const { data } = await client
    .query(ALERTS as string, { first: FIRST, after: null, filter: {} }, { requestPolicy: 'network-only' })
    .toPromise();
  if (data === undefined) {
    setTimeout(startAlertFeed, RETRY_MS);
    return;
  }
  const nodes = data.alerts.nodes as AlertFields[];
  change({ ...state, alerts: nodes.map((alert) => ({ ...alert, fresh: false })), loaded: true });
  // Suppressed alerts are stored but never sent: no place to go on from.
  const variables = { after: nodes.find(({ status }) => status !== 'SUPPRESSED')?.id ?? null };
  follow(ALERTS_TRIGGERED, variables, {
    next: ({ alertTriggered }) => {
      variables.after = alertTriggered.id;
      if (state.alerts.some(({ id }) => id === alertTriggered.id)) return;
      const alerts = [{ ...alertTriggered, fresh: true }, ...state.alerts].slice(0, MOST_KEPT);
      change({ ...state, alerts, unseen: state.unseen + 1 });
    },
  });
}

/** What a mutation answered. */
export function replaceAlert(changed: AlertFields): void {
  change({ ...state, alerts: state.alerts.map((alert) => (alert.id === changed.id ? { ...changed, fresh: alert.fresh } : alert)) });
}

export function markAlertsSeen(): void {
  if (state.unseen > 0) change({ ...state, unseen: 0 });
}

function subscribe(reader: () => void): () => void {
  readers.add(reader);
  return () => readers.delete(reader);
}

export function useAlertFeed(): AlertFeedState {
  return useSyncExternalStore(subscribe, () => state);
}
