/**
 * What is too old for the tail: lanes go through the log, and readers who are about the same place go together in one of them.
 * Must stay true: there are few lanes, whatever comes (what they hold and ask of the log is bounded), a lane that has had its turn gives
 * way to those who wait, and `find` gives only a lane that holds, or is yet to read, all that the reader lacks.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SourcePosition } from '../../../src/domain/updates.js';
import { type EventLog, OffsetOutOfRange } from '../../../src/platform/event-log/event-log.js';
import type { Logger } from '../../../src/platform/logger.js';
import { Lane } from './lane.js';
import type { Progress } from './progress.js';
import type { Tail } from './tail.js';

export const LANES = {
  most: 8,
  /** Where all are taken, the oldest one ends after so long. */
  turnMs: 100,
  /** A lane begins so many records before the reader for whom it is opened: those who are a little behind it come along. */
  margin: 1_000,
  /** Records at hand for those who are a little slower. */
  window: 2_000,
  /** Whoever is at most so far ahead waits for the lane to come by. More than the margin. */
  near: 5_000,
  /** So long a lane waits for its readers, for each of them: they take turns. */
  patienceMs: 20,
};

export class Past<T extends SourcePosition> {
  /** In the order in which they were opened. */
  readonly #lanes = new Set<Lane<T>>();
  #opening: Promise<void> | null = null;

  constructor(
    readonly log: EventLog,
    readonly tail: Tail<T>,
    private readonly logger: Logger,
    private readonly sizes = LANES,
  ) {}

  /** The one that has come furthest among those that can take this reader along. */
  find(progress: Progress): Lane<T> | null {
    let found: Lane<T> | null = null;
    for (const lane of this.#lanes) {
      if (lane.serves(progress) && (found === null || found.isBehind(lane))) found = lane;
    }
    return found;
  }

  /** Resolves when it is time to look for a lane again. Rejects as the log does, with OffsetOutOfRange perhaps for another reader's sake. */
  open(progress: Progress): Promise<void> {
    this.#opening ??= this.#open(progress).finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #open(progress: Progress): Promise<void> {
    if (this.#lanes.size >= this.sizes.most) {
      await sleep(this.sizes.turnMs);
      const [oldest] = this.#lanes;
      if (this.#lanes.size >= this.sizes.most) oldest?.end();
    }
    const { tail, log } = this;
    const bounds = await log.bounds(tail.topic.name);
    const margin = BigInt(Math.floor(this.sizes.margin / bounds.length));
    const from = bounds.map(({ partition, start, end }) => {
      const offset = progress.next[partition] ?? 0n;
      if (offset < start || offset > end) throw new OffsetOutOfRange(tail.topic.name, partition, offset, { start, end });
      return offset - margin > start ? offset - margin : start;
    });
    for (const unused of this.#lanes) if (unused.isEmpty) unused.end();
    const lane = new Lane({ log, of: tail, from, logger: this.logger, sizes: this.sizes, onEnd: () => this.#lanes.delete(lane) });
    this.#lanes.add(lane);
  }
}
