/**
 * One process's membership of a consumer group: joining, staying alive, and telling Kafka how far the group is, for lag monitors only.
 * Of kafkajs it uses the group protocol and none of its fetching, which would move a position that is out of range on its own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PartitionAssigners } from 'kafkajs';
import type Cluster from 'kafkajs/src/cluster/index.js';
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';
import InstrumentationEventEmitter from 'kafkajs/src/instrumentation/emitter.js';
import type { Logger } from '../../logger.js';
import { kafkaErrorType } from './errors.js';
import type { KafkaSession } from './session.js';

/** A member that is not heard of for so long has lost its partitions. */
const SESSION_TIMEOUT_MS = 10_000;
/** How long the others wait for a member that has a batch under way. */
const REBALANCE_TIMEOUT_MS = 30_000;
const HEARTBEAT_MS = 1_000;
/** The group wants to share out the partitions anew, or goes on without this member. */
const REBALANCING = new Set(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'NOT_COORDINATOR_FOR_GROUP']);

export class Membership {
  readonly #group: ConsumerGroup;
  readonly #handled = new Map<number, bigint>();

  /** `memberId`: of the session before, so that the group need not wait until that one is given up. */
  constructor(
    session: KafkaSession,
    cluster: Cluster,
    groupId: string,
    private readonly topic: string,
    memberId: string | null,
    private readonly logger: Logger,
  ) {
    const kafkaLogger = session.kafkaLogger();
    this.#group = new ConsumerGroup({
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 8 },
      cluster,
      groupId,
      topics: [topic],
      topicConfigurations: { [topic]: { fromBeginning: true } },
      logger: kafkaLogger,
      instrumentationEmitter: new InstrumentationEventEmitter(),
      assigners: [PartitionAssigners.roundRobin({ cluster: cluster as never, groupId, logger: kafkaLogger })],
      sessionTimeout: SESSION_TIMEOUT_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      autoCommit: false,
    });
    this.#group.memberId = memberId;
  }

  get memberId(): string | null {
    return this.#group.memberId;
  }

  /** Resolves with the partitions of this member. */
  async join(): Promise<number[]> {
    await this.#group.connect();
    await this.#group.joinAndSync();
    return this.#group.assigned().flatMap(({ partitions }) => partitions);
  }

  /**
   * Stays a member until the signal, unless `isAlive` says no: then the others shall have the partitions. Resolves when they are to be
   * shared out anew, rejects when the group cannot be reached; goes on beating for those that still work.
   */
  keepAlive(isAlive: () => boolean, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const beat = async () => {
      while (!signal.aborted) {
        await sleep(HEARTBEAT_MS, undefined, { signal }).catch(() => {}); // asked to stop: the loop sees it
        if (signal.aborted || !isAlive()) continue;
        await this.#group
          .heartbeat({ interval: 0 })
          .then(() => this.tellHandled())
          .catch((error: unknown) => (REBALANCING.has(kafkaErrorType(error) ?? '') ? resolve() : reject(error)));
      }
      resolve();
    };
    void beat();
    return promise;
  }

  handled(partition: number, next: bigint): void {
    this.#handled.set(partition, next);
  }

  /** Never read back: the truth stands in Postgres, so a failure is no more than a monitor that lags. */
  async tellHandled(): Promise<void> {
    if (this.#handled.size === 0) return;
    const partitions = Array.from(this.#handled, ([partition, next]) => ({ partition, offset: String(next) }));
    this.#handled.clear();
    try {
      await this.#group.commitOffsets({ topics: [{ topic: this.topic, partitions }] });
    } catch (error) {
      this.logger.debug({ err: error }, 'Kafka was not told how far the group is');
    }
  }

  async leave(): Promise<void> {
    await this.tellHandled();
    await this.#group.leave();
  }
}
