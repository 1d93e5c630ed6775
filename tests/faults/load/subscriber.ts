/** A client of priceUpdated that loses its connection again and again, comes back wherever a gateway answers, and resumes with its last cursor. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { SupervisedProcess } from '../platform/supervised-process.js';

export interface SeenUpdate {
  coinId: string;
  usd: string;
  previousUsd: string | null;
  observedAt: string;
}

const QUERY = `subscription ($coinIds: [ID!], $after: String) {
  priceUpdated(coinIds: $coinIds, after: $after) { cursor coinId usd previousUsd observedAt } }`;
const RECONNECT_AFTER_MS = 200;
/** Less than a process is frozen for. One that is merely busy gets busier with each who leaves and comes back to read it all again. */
const ANSWER_WITHIN_MS = 12_000;

export class Subscriber {
  readonly seen: SeenUpdate[] = [];
  /** What it was refused with: a gap, in the end. */
  readonly errors: string[] = [];
  reconnects = -1;
  #cursor: string | null = null;
  #wanted = true;
  #client: ReturnType<typeof createClient> | null = null;
  readonly #running: Promise<void>;

  /** `coinIds` null: all coins. `index`: they begin at one gateway after another, so that whichever is harmed has some. */
  constructor(
    private readonly index: number,
    readonly coinIds: readonly string[] | null,
    private readonly gateways: readonly SupervisedProcess[],
  ) {
    this.#running = this.#run();
  }

  get name(): string {
    return `subscriber ${this.index}`;
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    if (this.#client !== null) await dispose(this.#client);
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      this.reconnects++;
      await this.#follow((this.gateways[(this.index + this.reconnects) % this.gateways.length] as SupervisedProcess).url);
      await sleep(RECONNECT_AFTER_MS);
    }
  }

  /** A gateway that cannot answer now is come back to; one that says no to the cursor has broken its promise. */
  #note(errors: readonly { message: string; extensions?: Record<string, unknown> }[] = []): void {
    const refused = errors.filter(({ extensions }) => ['CURSOR_EXPIRED', 'BAD_USER_INPUT'].includes(String(extensions?.code)));
    this.errors.push(...refused.map((error) => error.message));
  }

  /** Resolves when the subscription has ended, however. */
  #follow(url: string): Promise<void> {
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      keepAlive: 2_000,
      on: {
        // A frozen process keeps its sockets open: whoever hears nothing goes elsewhere.
        ping: (received) => {
          if (received) return;
          clearTimeout(answered); // a message that came meanwhile has another ping sent before the first is answered
          answered = setTimeout(() => client.terminate(), ANSWER_WITHIN_MS);
        },
        pong: (received) => {
          if (received) clearTimeout(answered);
        },
      },
    });
    let answered: NodeJS.Timeout | undefined;
    this.#client = client;
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(answered);
        void dispose(client);
        resolve();
      };
      client.subscribe<{ priceUpdated: SeenUpdate & { cursor: string } }>(
        { query: QUERY, variables: { coinIds: this.coinIds, after: this.#cursor } },
        {
          next: ({ data, errors }) => {
            this.#note(errors);
            if (data == null) return;
            const { cursor, ...update } = data.priceUpdated;
            this.#cursor = cursor;
            this.seen.push(update);
          },
          error: (error) => {
            if (Array.isArray(error)) this.#note(error);
            end();
          },
          complete: end,
        },
      );
    });
  }
}

/** It rejects where the client was connecting, in vain: `#follow` has seen that. */
async function dispose(client: ReturnType<typeof createClient>): Promise<void> {
  await Promise.resolve(client.dispose()).catch(() => {});
}
