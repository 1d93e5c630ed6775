/**
 * Alerts as they are sent, for the whole application, resumed behind the last one seen.
 * Must stay true: between a query and the subscription nothing is lost, for the subscription goes on behind the newest alert known; where
 * none is known yet, or its place is kept no more, what is stored is asked for again.
 */
import { useSyncExternalStore } from 'react';
import { client } from '../api/client.js';
import { ALERTS, type AlertFields } from '../api/operations/alerts.js';
import { ALERTS_TRIGGERED } from '../api/operations/live.js';
import { follow, onConnection } from '../api/socket.js';

const MOST_KEPT = 100;
const FIRST = 50;
const RETRY_MS = 2_000;
const SETTLED_MS = 1_000;

export interface AlertFeedState {
  /** Newest first. Those that came while the page was open are `fresh`. */
  alerts: readonly (AlertFields & { fresh: boolean })[];
  /** Fresh ones that nobody has looked at. */
  unseen: number;
  loaded: boolean;
  /** Why they are not told live, until they are. */
  refused: string | null;
}

let state: AlertFeedState = { alerts: [], unseen: 0, loaded: false, refused: null };
const readers = new Set<() => void>();

function change(next: AlertFeedState): void {
  state = next;
  for (const reader of readers) reader();
}

const variables: { after: string | null } = { after: null };

export async function startAlertFeed(): Promise<void> {
  await askStored();
  follow(ALERTS_TRIGGERED, variables, {
    next: ({ alertTriggered }) => {
      variables.after = alertTriggered.id;
      if (state.alerts.some(({ id }) => id === alertTriggered.id)) return;
      const alerts = [{ ...alertTriggered, fresh: true }, ...state.alerts].slice(0, MOST_KEPT);
      change({ ...state, alerts, unseen: state.unseen + 1 });
    },
    expired: () => void askStored(),
    refused: (problem) => change({ ...state, refused: problem }),
    begun: () => state.refused !== null && change({ ...state, refused: null }),
  });
  // Before the first alert there is no place to go on from: what fired while nobody listened is asked for once the subscription stands.
  onConnection((connection) => {
    if (connection === 'connected' && variables.after === null) setTimeout(askStored, SETTLED_MS);
  });
}

let asking: Promise<void> | null = null;

function askStored(): Promise<void> {
  asking ??= askUntilAnswered().finally(() => {
    asking = null;
  });
  return asking;
}

/**
 * Adds what is stored and not known here, and lets the subscription go on behind the newest. Suppressed alerts are
 * never sent.
 */
async function askUntilAnswered(): Promise<void> {
  const { data } = await client
    .query(ALERTS as string, { first: FIRST, after: null, filter: { sent: true } }, { requestPolicy: 'network-only' })
    .toPromise();
  if (data === undefined) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    return askUntilAnswered();
  }
  const nodes = data.alerts.nodes as AlertFields[];
  const fresh = state.loaded;
  const unknown = nodes.filter(({ id }) => !state.alerts.some((known) => known.id === id)).map((alert) => ({ ...alert, fresh }));
  variables.after ??= nodes[0]?.id ?? null;
  const alerts = [...unknown, ...state.alerts].sort((a, b) => (a.triggeredAt < b.triggeredAt ? 1 : a.triggeredAt > b.triggeredAt ? -1 : 0));
  change({ ...state, alerts: alerts.slice(0, MOST_KEPT), unseen: state.unseen + (fresh ? unknown.length : 0), loaded: true });
}

/** As they were sent, with what became of them since, which the subscription does not tell. */
export function withStatus<Sent extends AlertFields>(sent: readonly Sent[], stored: readonly AlertFields[] | undefined): Sent[] {
  const known = new Map(stored?.map(({ id, status }) => [id, status]));
  return sent.map((alert) => ({ ...alert, status: known.get(alert.id) ?? alert.status }));
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
