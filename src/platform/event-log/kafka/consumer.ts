/**
 * Follows the partitions of one topic: all of them (no group), or those that the group gives this member.
 * Must stay true: the caller alone decides where reading starts; nothing here moves a position, and one that is out of range ends the
 * consumer. A partition is given back only when no batch of it is under way. Brokers that are away are waited out from where it stood.
 */
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type Cluster from 'kafkajs/src/cluster/index.js';
import { isTransient } from '../../postgres/errors.js';
import { ASK_AGAIN_MS, type ConsumeOptions, type LogConsumer, OffsetOutOfRange, TopicReplaced } from '../event-log.js';
import { Outage } from '../outage.js';
import { describe, type KafkaClient } from './client.js';
import { isTransientKafkaError, PlaceOutOfRange } from './errors.js';
import { Membership } from './membership.js';
import { PartitionFeed } from './partition-feed.js';
import { fetchPages, isStaleLeader } from './protocol/fetch.js';
import type { Leader } from './protocol/wire.js';

const DEFAULT_MAX_RECORDS = 500;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1_000;
/** A fetch waits so long for news; shorter while a partition that is left out of it, for it is full, may have room any moment. */
const FETCH_WAIT_MS = 500;
const FETCH_WAIT_FULL_MS = 20;
/** News that comes record by record is fetched so often at most: a request has its price, here and at the broker, however little it brings. */
const FETCHES_APART_MS = 5;
/** How often to see whether the topic still is the same, and who leads its partitions; while one has no leader that is read here. */
const WATCH_MS = 10_000;
const WATCH_LEADERLESS_MS = 1_000;
/** A handler that shows no life for so long loses its partitions. */
const STUCK_MS = 300_000;

const NOBODY: Leader = { nodeId: -1, epoch: -1 };

interface Led {
  feed: PartitionFeed;
  leader: Leader;
}

interface Held {
  feed: PartitionFeed;
  handled: Promise<void>;
  /** Settles when the question where reading starts, asked last, is answered. */
  begun: Promise<void>;
}

export class KafkaConsumer implements LogConsumer {
  readonly ended: Promise<void>;
  readonly #stopping = new AbortController();
  readonly #outage: Outage;
  readonly #feeds = new Map<number, Held>();
  /** What the caller's own functions threw: ends the consumer, whatever it is. */
  #failure: { error: unknown } | null = null;
  readonly #failed = Promise.withResolvers<void>();
  readonly #room = new EventEmitter().setMaxListeners(0);
  #membership: Membership | null = null;
  #settled = false;

  constructor(
    private readonly client: KafkaClient,
    private readonly options: ConsumeOptions,
    /** Of the topic as it was when reading began. */
    private readonly topicId: Buffer,
  ) {
    this.#outage = new Outage(options, client.logger);
    this.ended = this.#run();
    this.ended.catch(() => {}); // it may be looked at later, or through stop()
  }

  assigned(): number[] {
    return [...this.#feeds.keys()];
  }

  settled(): boolean {
    return this.#settled;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      for (let pause = FIRST_RETRY_MS; !signal.aborted; pause = Math.min(pause * 2, LONGEST_RETRY_MS)) {
        const begun = performance.now();
        try {
          await this.#followSession();
          if (this.#failure !== null) break;
          pause = FIRST_RETRY_MS;
        } catch (error) {
          if (!isTransientKafkaError(error)) throw await this.#meaningOf(error);
          if (performance.now() - begun > LONGEST_RETRY_MS) pause = FIRST_RETRY_MS;
          this.#outage.unreachable(error);
          for (const partition of this.#feeds.keys()) this.options.onTurn?.(partition); // waiting is not being stuck
          await sleep(pause, undefined, { signal }).catch(() => {}); // asked to stop: the loop sees it
        }
      }
    } finally {
      this.#stopping.abort();
      await this.#release();
    }
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** One session with the brokers: until it breaks, until the group shares out anew, until the consumer stops or fails. */
  async #followSession(): Promise<void> {
    const { topic, group } = this.options;
    const session = this.client.session();
    const over = new AbortController();
    const stopped = aborted(this.#stopping.signal, over.signal);
    const cut = () => session.end();
    try {
      const cluster = await Promise.race([session.cluster([topic]), stopped]);
      if (cluster === undefined) return;
      const { leaders } = await this.#requireSameTopic(cluster);
      const membership =
        group === null ? null : new Membership(session, cluster, group, topic, this.#membership?.memberId ?? null, this.client.logger);
      this.#membership = membership;
      const partitions = membership === null ? [...leaders.keys()] : await Promise.race([membership.join(), stopped]);
      if (partitions === undefined) return;
      const rebalance = membership?.keepAlive(() => !this.#isStuck(), over.signal);
      rebalance?.catch(() => {}); // the race below sees it
      await this.#assign(partitions);
      this.#settled = true;
      this.#outage.reachable();
      const signal = AbortSignal.any([over.signal, this.#stopping.signal]);
      const ends = [this.#read(cluster, leaders.length, signal), this.#failed.promise, stopped];
      if (rebalance !== undefined) ends.push(rebalance);
      for (const end of ends) end.catch(() => {}); // only the first counts
      await Promise.race(ends);
    } finally {
      if (group !== null || this.#stopping.signal.aborted || this.#failure !== null) await this.#release();
      over.abort();
      if (this.#stopping.signal.aborted || this.#failure !== null)
        await Promise.race([this.#membership?.leave().catch(() => {}), sleep(LONGEST_RETRY_MS, undefined, { ref: false })]);
      cut();
    }
  }

  async #assign(partitions: number[]): Promise<void> {
    const { topic, maxRecords = DEFAULT_MAX_RECORDS, onBatch } = this.options;
    const fresh = partitions.filter((partition) => !this.#feeds.has(partition));
    const begun = fresh.map((partition) => {
      const feed = new PartitionFeed(topic, partition, maxRecords, () => this.#room.emit('room'));
      const handled = feed.run(onBatch, (next) => this.#membership?.handled(partition, next));
      handled.catch((error: unknown) => feed.stopped || this.#fail(error)); // stopped: the batch was given up to give the partition back
      const held: Held = { feed, handled, begun: Promise.resolve() };
      this.#feeds.set(partition, held);
      held.begun = this.#begin(held);
      return held.begun;
    });
    await Promise.all(begun);
  }

  /** Asks where reading starts; where that is not known for now, others need not wait for it. */
  async #begin(held: Held): Promise<void> {
    const { feed } = held;
    let again = ASK_AGAIN_MS;
    try {
      const offset = await this.options.startOffset(feed.partition);
      if (offset !== null) {
        this.#membership?.handled(feed.partition, offset);
        return feed.begin(offset);
      }
      if (!feed.stopped) this.options.onTurn?.(feed.partition);
    } catch (error) {
      if (feed.stopped) return; // it is another member's matter
      if (!isTransient(error) && !isTransientKafkaError(error)) return this.#fail(error);
      again = LONGEST_RETRY_MS;
    }
    sleep(again, undefined, { signal: this.#stopping.signal })
      .then(() => {
        if (!feed.stopped) held.begun = this.#begin(held);
      })
      .catch(() => {}); // asked to stop
  }

  readonly #fail = (error: unknown) => {
    this.#failure ??= { error };
    this.#failed.resolve();
  };

  /** Gives the partitions back, after the batches and questions under way. */
  async #release(): Promise<void> {
    this.#settled = false;
    const held = [...this.#feeds];
    for (const [, { feed }] of held) feed.stop();
    await Promise.allSettled(held.flatMap(([, { handled, begun }]) => [handled, begun]));
    for (const [partition] of held) {
      this.#feeds.delete(partition);
      this.options.onRevoked?.(partition);
    }
  }

  /**
   * Fetches from each leader what it leads; looks anew who leads what when one has moved. Resolves when the topic has another number of
   * partitions: they are to be shared out, and begun, anew.
   */
  async #read(cluster: Cluster, partitions: number, ended: AbortSignal): Promise<void> {
    for (; !ended.aborted; await sleep(FIRST_RETRY_MS, undefined, { signal: ended }).catch(() => {})) {
      const { leaders } = await this.#requireSameTopic(cluster);
      if (leaders.length !== partitions) return;
      const round = new AbortController();
      const signal = AbortSignal.any([ended, round.signal]);
      for (const partition of this.#feeds.keys()) this.options.onTurn?.(partition);
      const read = Array.from(this.#feeds.values(), ({ feed }) => ({ feed, leader: leaders[feed.partition] ?? NOBODY }));
      const { leaderless = [], led = [] } = Object.groupBy(read, ({ leader }) => (leader.nodeId < 0 ? 'leaderless' : 'led'));
      const fetching = Array.from(
        Map.groupBy(led, ({ leader }) => leader.nodeId),
        ([nodeId, own]) => this.#fetch(cluster, nodeId, own, signal),
      );
      fetching.push(this.#watch(cluster, leaders, leaderless, signal));
      try {
        await Promise.race(fetching);
      } catch (error) {
        if (!isStaleLeader(error)) throw error;
      } finally {
        round.abort();
        for (const each of fetching) each.catch(() => {}); // its connection broke too, or nobody waits any more
      }
      if (!ended.aborted) await cluster.refreshMetadata(); // the new leader may be a broker that joined since
    }
  }

  async #fetch(cluster: Cluster, nodeId: number, led: Led[], signal: AbortSignal): Promise<void> {
    const broker = await cluster.findBroker({ nodeId });
    const topic = { topic: this.options.topic, id: this.topicId };
    for (let turn = 0; !signal.aborted; turn++) {
      // Each is the first in its turn: that one gets its next batch however large it is.
      const inTurn = [...led.slice(turn % led.length), ...led.slice(0, turn % led.length)];
      const places = inTurn.flatMap(({ feed: { partition, wanted }, leader }) =>
        wanted === null ? [] : [{ partition, offset: wanted, leaderEpoch: leader.epoch }],
      );
      for (const { feed } of led) this.options.onTurn?.(feed.partition);
      if (places.length === 0) {
        await once(this.#room, 'room', { signal }).catch(() => {}); // asked to stop: the loop sees it
        continue;
      }
      const begun = performance.now();
      const pages = await fetchPages(broker, topic, places, led.some(({ feed }) => feed.full) ? FETCH_WAIT_FULL_MS : FETCH_WAIT_MS);
      if (signal.aborted) return;
      for (const page of pages) led.find(({ feed }) => feed.partition === page.partition)?.feed.add(page);
      this.#outage.reachable();
      const early = FETCHES_APART_MS - (performance.now() - begun);
      if (early >= 1) await sleep(early);
    }
  }

  /** Resolves when others lead. The one that led may not say so: it is cut off from the others, and the connection to it lives. */
  async #watch(cluster: Cluster, leaders: Leader[], leaderless: Led[], signal: AbortSignal): Promise<void> {
    for (let found = leaders; isDeepStrictEqual(found, leaders) && !signal.aborted; ) {
      for (const { feed } of leaderless) this.options.onTurn?.(feed.partition); // waiting is not being stuck
      await sleep(leaderless.length > 0 ? WATCH_LEADERLESS_MS : WATCH_MS, undefined, { signal }).catch(() => {}); // asked to stop: the loop sees it
      if (!signal.aborted) found = (await this.#requireSameTopic(cluster)).leaders;
    }
  }

  async #requireSameTopic(cluster: Cluster) {
    const description = await describe(cluster, this.options.topic);
    if (!description.id.equals(this.topicId)) throw new TopicReplaced(this.options.topic);
    return description;
  }

  #isStuck(): boolean {
    return [...this.#feeds.values()].some(({ feed }) => feed.silentMs > STUCK_MS);
  }

  async #meaningOf(error: unknown): Promise<unknown> {
    if (!(error instanceof PlaceOutOfRange)) return error;
    const { topic } = this.options;
    const [bounds = { start: 0n, end: 0n }] = (await this.client.bounds(topic, [error.partition])).bounds;
    return new OffsetOutOfRange(topic, error.partition, error.offset, bounds);
  }
}

/** Resolves when the first of them aborts. */
function aborted(...signals: AbortSignal[]): Promise<undefined> {
  const any = AbortSignal.any(signals);
  if (any.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) => any.addEventListener('abort', () => resolve(undefined), { once: true }));
}
