/**
 * How a stream is doing: a heartbeat per partition, and the errors that it waits out.
 * Must stay true: while a batch is under way only attempts at it are signs of life of its partition, not the loop that reads the log.
 */
import { READING_BOUND_MS } from '../../../src/platform/event-log/event-log.js';
import type { Heartbeat, Heartbeats } from '../../../src/platform/heartbeats.js';

/** One attempt at a batch: a statement ends after 5 minutes. */
const ATTEMPT_BOUND_MS = 360_000;

export interface Waiting {
  reason: string;
  sinceMs: number;
}

export class StreamLife {
  readonly #heartbeats = new Map<number, Heartbeat>();
  readonly #inHand = new Set<number>();
  /** By partition; null: the stream as a whole. */
  readonly #waits = new Map<number | null, { reason: string; since: number }>();

  constructor(
    private readonly heartbeats: Heartbeats,
    private readonly topic: string,
  ) {}

  /** The loop that reads the partition has turned. */
  turned(partition: number): void {
    if (!this.#inHand.has(partition)) this.#heartbeat(partition).beat(READING_BOUND_MS);
  }

  /** An attempt at a batch, or a piece of one, begins. */
  trying(partition: number): void {
    this.#inHand.add(partition);
    this.#heartbeat(partition).beat();
  }

  /** It failed, and is waited out. */
  waits(partition: number | null, error: unknown): void {
    const where = partition === null ? 'the stream' : `partition ${partition}`;
    const since = this.#waits.get(partition)?.since ?? performance.now();
    this.#waits.set(partition, { reason: `${where} waits out an error: ${(error as Error).message}`, since });
  }

  /** What was tried is committed, or the partition was taken up. */
  goesOn(partition: number): void {
    if (this.#waits.size === 0) return;
    this.#waits.delete(partition);
    this.#waits.delete(null);
  }

  /** The batch is through. */
  done(partition: number): void {
    this.#inHand.delete(partition);
    this.turned(partition);
  }

  released(partition: number): void {
    this.#inHand.delete(partition);
    this.#waits.delete(partition);
    this.#heartbeat(partition).rest();
  }

  /** What has been waited out for longest. `settled`: the stream has its partitions, so it as a whole goes on. */
  waiting(settled: boolean): Waiting | null {
    if (settled) this.#waits.delete(null);
    const [first] = [...this.#waits.values()].sort((one, other) => one.since - other.since);
    return first === undefined ? null : { reason: first.reason, sinceMs: performance.now() - first.since };
  }

  #heartbeat(partition: number): Heartbeat {
    const heartbeat = this.#heartbeats.get(partition) ?? this.heartbeats.of(`${this.topic}/${partition}`, ATTEMPT_BOUND_MS);
    this.#heartbeats.set(partition, heartbeat);
    return heartbeat;
  }
}
