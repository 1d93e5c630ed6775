/**
 * What must be there before a worker works: the coins that COINS names, tracked and staged.
 * Must stay true: once tracked, a coin stays, whatever COINS says later and however the ranking changes; COINS only adds.
 */
import pRetry from 'p-retry';
import { OperatorError } from '../../src/domain/errors.js';
import type { Clock } from '../../src/domain/time.js';
import type { Config } from '../../src/platform/config.js';
import type { Logger } from '../../src/platform/logger.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { markAllDays } from '../../src/store/pipelines/changed-days.js';
import { getTrackedCoins, trackCoins } from '../../src/store/tracked-coins.js';
import { landMarketData } from '../runtime/land.js';
import type { MarketSnapshot, PriceSource, SourceResult } from '../sources/source.js';

export interface BootstrapDeps {
  db: Database;
  source: PriceSource;
  coins: Config['coins'];
  clock: Clock;
  logger: Logger;
}

/** Returns how many coins are new. While there is none at all it asks the source until it answers; else a failure waits for the next start. */
export async function trackConfiguredCoins(deps: BootstrapDeps, signal: AbortSignal): Promise<number> {
  const tracked = new Set((await getTrackedCoins(deps.db.pool)).map((coin) => coin.coinId));
  const { coins, logger } = deps;
  if ('count' in coins ? tracked.size >= coins.count : coins.ids.every((id) => tracked.has(id))) return 0;
  try {
    return await pRetry(() => trackMissing(deps, tracked, signal), {
      retries: tracked.size === 0 ? Number.POSITIVE_INFINITY : 2,
      minTimeout: 1_000,
      maxTimeout: 60_000,
      randomize: true,
      signal,
      shouldRetry: ({ error }) => !(error instanceof OperatorError),
      onFailedAttempt: ({ error }) =>
        logger.warn({ err: error }, `the coins to follow could not be fetched; trying again: ${error.message}`),
    });
  } catch (error) {
    if (tracked.size === 0 || signal.aborted) throw error;
    logger.error({ err: error }, `going on with the ${tracked.size} coins that are tracked; the next start asks for the others again`);
    return 0;
  }
}

async function trackMissing(
  { db, source, coins, clock, logger }: BootstrapDeps,
  tracked: Set<string>,
  signal: AbortSignal,
): Promise<number> {
  const missing = 'ids' in coins ? coins.ids.filter((id) => !tracked.has(id)) : null;
  const result =
    missing === null ? await source.topCoins((coins as { count: number }).count, signal) : await source.marketSnapshot(missing, signal);
  if (missing !== null) reportUnknown(missing, result, tracked.size, source.name, logger);
  return db.transaction(async (tx) => {
    // Two workers that start together add up to COINS, not to twice that.
    await tx.query('LOCK TABLE ops.tracked_coins IN SHARE ROW EXCLUSIVE MODE');
    const now = new Set((await getTrackedCoins(tx)).map((coin) => coin.coinId));
    const room = 'count' in coins ? coins.count - now.size : Number.POSITIVE_INFINITY;
    const added = result.rows.filter((coin) => !now.has(coin.coinId)).slice(0, Math.max(0, room));
    await trackCoins(
      tx,
      added.map((coin) => coin.coinId),
      source.name,
      clock.now(),
    );
    await markAllDays(
      tx,
      added.map((coin) => coin.coinId),
    );
    await landMarketData(tx, { source: source.name, result: { ...result, rows: added }, now: clock.now() });
    if (added.length > 0) logger.info(`following ${now.size + added.length} coins, ${added.length} of them new`);
    return added.length;
  });
}

function reportUnknown(
  asked: string[],
  { rows, rejected }: SourceResult<MarketSnapshot>,
  trackedCount: number,
  source: string,
  logger: Logger,
): void {
  const known = new Set(rows.map((row) => row.coinId));
  const unknown = asked.filter((id) => !known.has(id));
  if (unknown.length === 0) return;
  const reasons = rejected.map((row) => `${row.coinId}: ${row.reason}`);
  const message = `COINS names coins that ${source} does not know: ${unknown.join(', ')}${reasons.length > 0 ? ` (${reasons.join('; ')})` : ''}. Ids look like "bitcoin", not "BTC".`;
  if (rows.length === 0 && trackedCount === 0) throw new OperatorError(message);
  logger.error(message);
}
