/**
 * Subscriptions over one WebSocket that comes back by itself, and what is known of the connection.
 * Must stay true: whoever follows something with a cursor goes on behind the last update that it has seen, whatever closed the
 * connection; a connection that says nothing is taken for broken.
 */
import { type Client, createClient } from 'graphql-ws';
import type { Operation } from './operation.js';

const PING_MS = 10_000;
const PONG_MS = 5_000;
const MOST_WAIT_MS = 5_000;
const AGAIN_MS = 1_000;
/** A refusal comes sooner; whoever is not refused by then is told of what comes. */
const BEGUN_MS = 3_000;

export type ConnectionState = 'connecting' | 'connected' | 'waiting';

type ConnectionListener = (state: ConnectionState) => void;
const listeners = new Set<ConnectionListener>();
let state: ConnectionState = 'connecting';

export function onConnection(listener: ConnectionListener): () => void {
  listeners.add(listener);
  listener(state);
  return () => listeners.delete(listener);
}

function setState(next: ConnectionState): void {
  state = next;
  for (const listener of listeners) listener(next);
}

let waitOver: (() => void) | null = null;
/** A wait between attempts ends early where the network or the reader comes back. */
const hurry = () => waitOver?.();
addEventListener('online', hurry);
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && hurry());

function waitToRetry(retries: number): Promise<void> {
  const longest = Math.min(MOST_WAIT_MS, 250 * 2 ** retries);
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, longest * (0.5 + Math.random() / 2));
    waitOver = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

function open(): Client {
  let socket: WebSocket | null = null;
  let overdue: ReturnType<typeof setTimeout> | undefined;
  return createClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: waitToRetry,
    keepAlive: PING_MS,
    lazyCloseTimeout: 2_000,
    on: {
      connecting: () => setState('connecting'),
      opened: (opened) => {
        socket = opened as WebSocket;
      },
      connected: () => setState('connected'),
      closed: () => {
        clearTimeout(overdue);
        setState('waiting');
      },
      ping: (received) => {
        if (!received) overdue = setTimeout(() => socket?.close(4408, 'No answer to a ping'), PONG_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(overdue);
      },
    },
  });
}

const client = open();

export interface Follower<Data> {
  next(data: Data): void;
  /** The place to go on from is kept no more: what lies between is lost to the subscription, and is to be asked for. */
  expired?(): void;
  /** It cannot begin, for the reason that is given; it is tried again until `begun`. */
  refused?(problem: string): void;
  /** It stands: it was not refused for some seconds, or has told something. */
  begun?(): void;
}

interface GraphQLProblem {
  message: string;
  extensions?: { code?: string };
}

/**
 * Follows a subscription until the returned function is called. `variables` is read anew at each connection: keep `after` there up to date
 * and nothing is missed.
 */
export function follow<Data, Variables extends { after?: string | null }>(
  text: Operation<Data, Variables>,
  variables: Variables,
  follower: Follower<Data>,
): () => void {
  let stopped = false;
  let stop = () => {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  let begins: ReturnType<typeof setTimeout> | undefined;
  const begin = () => {
    clearTimeout(begins);
    begins = undefined;
    follower.begun?.();
  };
  const again = () => {
    clearTimeout(begins);
    if (!stopped) timer = setTimeout(subscribe, AGAIN_MS);
  };
  function failed(error: unknown): void {
    clearTimeout(begins);
    if (!Array.isArray(error)) return; // a socket that closed
    const problems = error as GraphQLProblem[];
    const has = (code: string) => problems.some(({ extensions }) => extensions?.code === code);
    // A cursor that is not understood, as after a change of the platform's storage, would be refused for ever.
    if (has('CURSOR_EXPIRED') || (has('BAD_USER_INPUT') && variables.after != null)) {
      variables.after = null;
      follower.expired?.();
    } else {
      console.error('a subscription failed', error);
      follower.refused?.(problems[0]?.message ?? 'no reason was given');
    }
  }
  function subscribe(): void {
    begins = setTimeout(begin, BEGUN_MS);
    stop = client.subscribe<Data>(
      { query: text, variables: variables as Record<string, unknown> },
      {
        // A subscription that cannot begin is told as one answer without data, and then as complete.
        next: ({ data, errors }) => {
          if (data == null) return failed(errors);
          if (begins !== undefined) begin();
          follower.next(data);
        },
        error: (error) => {
          failed(error);
          again(); // a close that the client takes for final, such as 4429 of the slow, comes here too
        },
        complete: again,
      },
    );
  }
  subscribe();
  return () => {
    stopped = true;
    clearTimeout(timer);
    clearTimeout(begins);
    stop();
  };
}
