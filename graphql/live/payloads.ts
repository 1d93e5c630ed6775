/**
 * What equal subscriptions that catch up are told: each is at a place of its own, and comes by events that another one was told before.
 * Must stay true: it holds so many bytes and no more, and nothing once nobody catches up; what an event looks like under one key is the
 * same whenever it is told, but for what its fields say of the present (or that they cannot): that is as of some seconds ago at most.
 */
import type { SourcePosition } from '../../src/domain/updates.js';
import type { Delivery } from './reading/tail.js';

/** Only feeds catch up. */
export type FeedEvent = Delivery<SourcePosition>;

const MOST_BYTES = 16 * 1024 * 1024;
/** Of the name of an event, and what is held beside its payloads. */
const EVENT_BYTES = 500;
/** So long after the first question all is forgotten. */
const FORGET_MS = 5_000;

export class Payloads {
  /** By event and key, oldest event first. */
  readonly #told = new Map<string, { byKey: Map<string, Promise<Buffer>>; bytes: number }>();
  #bytes = 0;
  #forgetting: NodeJS.Timeout | undefined;

  /** Those that nobody was told yet are made now. */
  get(key: string, events: readonly FeedEvent[], make: (events: readonly FeedEvent[]) => Promise<Buffer[]>): Promise<Buffer[]> {
    this.#forgetting ??= setTimeout(() => this.#forget(), FORGET_MS).unref();
    const asked = events.map((event) => ({ event, name: nameOf(event) }));
    const lacking = asked.filter(({ name }) => this.#told.get(name)?.byKey.has(key) !== true);
    const found = new Map(asked.map(({ name }) => [name, this.#told.get(name)?.byKey.get(key)]));
    if (lacking.length > 0) {
      const made = make(lacking.map(({ event }) => event));
      for (const [index, { name }] of lacking.entries()) {
        const payload = made.then((payloads) => payloads[index] as Buffer);
        found.set(name, payload);
        this.#keep(key, name, payload);
      }
    }
    return Promise.all(asked.map(({ name }) => found.get(name) as Promise<Buffer>));
  }

  #keep(key: string, name: string, payload: Promise<Buffer>): void {
    const told = this.#told.get(name) ?? { byKey: new Map(), bytes: EVENT_BYTES };
    if (!this.#told.has(name)) {
      this.#told.set(name, told);
      this.#bytes += EVENT_BYTES;
    }
    told.byKey.set(key, payload);
    payload.then(
      ({ length }) => this.#count(name, told, length),
      () => told.byKey.delete(key), // whoever asked sees why; the next one tries again
    );
  }

  #count(name: string, told: { bytes: number }, bytes: number): void {
    if (this.#told.get(name) !== told) return; // forgotten meanwhile
    told.bytes += bytes;
    this.#bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#told) {
      if (this.#bytes <= MOST_BYTES) break;
      this.#told.delete(oldest);
      this.#bytes -= freed;
    }
  }

  #forget(): void {
    this.#told.clear();
    this.#bytes = 0;
    this.#forgetting = undefined;
  }
}

/** One record may be told under several cursors, and one cursor stand behind several records: it depends on the order they came in. */
function nameOf({ cursor, record: { sourcePartition, sourcePosition, ordinal } }: FeedEvent): string {
  return `${sourcePartition} ${sourcePosition} ${ordinal} ${cursor}`;
}
