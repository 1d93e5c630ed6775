/**
 * Keeps the batch side busy: a run of `daily` is open at all times, and history is loaded for one coin after another, as many as are asked for. Asks as an operator does; the platform's own workers execute.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { trackConfiguredCoins } from '../../../jobs/pipelines/bootstrap.js';
import { startPriceSource } from '../../../jobs/sources/start-source.js';
import { systemClock } from '../../../src/domain/time.js';
import { requestRunByHand } from '../../../src/store/pipelines/runs.js';
import type { Platform } from '../platform/platform.js';

const EVERY_MS = 100;

export class BatchLoad {
  /** How many more coins may be followed. */
  #allowed = 0;
  #running: Promise<void> | null = null;
  #stopping = new AbortController();

  constructor(
    private readonly platform: Platform,
    private readonly sourceUrl: string,
    /** Coins to follow, one after another. */
    private readonly coinIds: string[],
  ) {}

  /** Has the history of one more coin loaded, as soon as none is being loaded. */
  followOneMore(): void {
    this.#allowed = Math.max(this.#allowed, 1);
  }

  start(): void {
    if (this.#running !== null) return;
    this.#stopping = new AbortController();
    this.#running = this.#run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#running = null;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#ask(signal);
      } catch {
        // Postgres or the source is away: asked again
      }
      await sleep(EVERY_MS);
    }
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const db = this.platform.db();
    const { rows } = await db.pool.query<{ pipeline: string }>(
      `SELECT DISTINCT pipeline FROM ops.pipeline_runs WHERE status IN ('QUEUED', 'RUNNING')`,
    );
    const open = new Set(rows.map((row) => row.pipeline));
    if (!open.has('daily')) await requestRunByHand(db.pool, { pipeline: 'daily', logicalDate: null, now: new Date() });
    if (open.has('history') || this.#allowed === 0 || this.coinIds.length === 0) return;
    await this.#follow(this.coinIds[0] as string, signal);
    await requestRunByHand(db.pool, { pipeline: 'history', logicalDate: null, now: new Date() });
    this.coinIds.shift();
    this.#allowed--;
  }

  async #follow(coinId: string, signal: AbortSignal): Promise<void> {
    const db = this.platform.db();
    const logger = pino({ level: 'silent' });
    const coinGecko = { plan: 'public', apiKey: null, baseUrl: this.sourceUrl, callsPerMinute: 100_000, monthlyCredit: null } as const;
    const { source, stop } = await startPriceSource({ priceSource: 'coingecko', coinGecko }, { database: db, clock: systemClock, logger });
    await trackConfiguredCoins({ db, source, coins: { ids: [coinId] }, clock: systemClock, logger }, signal);
    await stop();
  }
}
