/** Tells a consumer's owner that the log is out of reach, once it has been for a while, and once that it is back. */
import type { Logger } from '../logger.js';
import type { ConsumeOptions } from './event-log.js';

/** A restart of Postgres is over in less; longer than this is an outage that consumers are told of. */
const OUTAGE_AFTER_MS = 2_000;

export class Outage {
  #failingSince: number | undefined;
  #told = false;

  constructor(
    private readonly options: Pick<ConsumeOptions, 'topic' | 'onOutage' | 'onRecovered'>,
    private readonly logger: Logger,
  ) {}

  unreachable(error: unknown): void {
    this.#failingSince ??= performance.now();
    if (this.#told || performance.now() - this.#failingSince < OUTAGE_AFTER_MS) return;
    this.#told = true;
    this.logger.warn({ err: error, topic: this.options.topic }, 'event log: out of reach; reading goes on when it is back');
    this.options.onOutage?.(error);
  }

  reachable(): void {
    this.#failingSince = undefined;
    if (!this.#told) return;
    this.#told = false;
    this.logger.info({ topic: this.options.topic }, 'event log: back in reach');
    this.options.onRecovered?.();
  }
}
