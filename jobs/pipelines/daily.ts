/**
 * The pipeline `daily`: describes one UTC day D. Fetches the market as it stands after D's end, waits until the stream has stored what
 * was received by then, and publishes the marts through D.
 * Must stay true: only the run for yesterday fetches, for a past date is never given today's snapshot; any other date is computed from
 * raw alone. The publish does not wait for a source that is down: what a fetch would have added is null.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, endOfDay, HOUR, MINUTE, SECOND } from '../../src/domain/time.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import { countPendingDays } from '../../src/store/pipelines/history.js';
import { findHistoryActivity } from '../../src/store/pipelines/publishing.js';
import { newestEndedDay, type PipelineRunRow } from '../../src/store/pipelines/runs.js';
import { findGlobalFetch, findMarketFetch } from '../../src/store/raw/fetches.js';
import { getTrackedCoins } from '../../src/store/tracked-coins.js';
import { landGlobal, landMarketData } from '../runtime/land.js';
import { logicalDateOf, type Pipeline, type RetryPolicy, type RunContext, type TaskOutcome } from '../runtime/pipeline.js';
import { SourceError } from '../sources/source.js';
import type { HistoryDeps } from './history-load.js';
import { publishDays } from './publishing.js';
import { waitForStream } from './stream-wait.js';

export interface DailyDeps extends HistoryDeps {
  log: EventLog;
}

/** A price received at the very end of the day is in the log some moments later. */
const ON_ITS_WAY_MS = 5 * SECOND;
/** The worker that asked for the run may see midnight so much earlier than the one that executes it. */
const CLOCKS_APART_MS = 5 * MINUTE;
const LONGEST_WAIT_FOR_STREAM_MS = 10 * MINUTE;
/** The first marts should show a year; for a plan that takes longer than this they come without. */
const LONGEST_WAIT_FOR_HISTORY_MS = 60 * SECOND;
const LONGEST_WAIT_FOR_SOURCE_MS = 2 * MINUTE;
/** A worker takes up a queued run within a second. */
const LONGEST_WAIT_FOR_CLAIM_MS = 5 * SECOND;
const POLL_MS = SECOND / 4;
/** A snapshot of the day's end cannot be fetched later, and the marts wait for the stream about as long. */
const FETCH_RETRY: RetryPolicy = { retries: Infinity, minTimeout: 2 * SECOND, maxTimeout: 30 * SECOND, withinMs: 9 * MINUTE };

export function dailyPipeline(deps: DailyDeps): Pipeline {
  return {
    name: 'daily',
    tasks: [
      { name: 'fetch_markets', retry: FETCH_RETRY, run: (context) => unlessRefused(fetchMarkets(deps, context)) },
      { name: 'fetch_global', retry: FETCH_RETRY, run: (context) => unlessRefused(fetchGlobal(deps, context)) },
      { name: 'wait_for_stream', run: (context) => waitForDay(deps, context) },
      { name: 'wait_for_history', run: (context) => waitForHistory(deps, context) },
      {
        name: 'publish',
        dependsOn: ['wait_for_stream', 'wait_for_history'],
        after: ['fetch_markets', 'fetch_global'],
        run: (context) => publishDays(context, { through: logicalDateOf(context.run), clock: deps.clock }),
      },
    ],
  };
}

/** A call that asking again within minutes will not mend. */
async function unlessRefused(fetching: Promise<TaskOutcome>): Promise<TaskOutcome> {
  return fetching.catch((error: unknown) => {
    if (!(error instanceof SourceError) || (error.retryable && (error.retryAfterMs ?? 0) < LONGEST_WAIT_FOR_SOURCE_MS)) throw error;
    return { failed: error.message };
  });
}

async function fetchMarkets({ source, clock, db }: DailyDeps, { run, signal }: RunContext): Promise<TaskOutcome> {
  await waitForEnd(run, clock, signal);
  const reason = await whyNotFetch(run, clock.now(), (window) => findMarketFetch(db.pool, source.name, window));
  if (reason !== null) return { skipped: reason };
  const coins = (await getTrackedCoins(db.pool)).filter((coin) => coin.source === source.name).map((coin) => coin.coinId);
  if (coins.length === 0) return { skipped: 'no coin is tracked yet' };
  const result = await source.marketSnapshot(coins, signal);
  return { rows: await db.transaction((tx) => landMarketData(tx, { source: source.name, result, now: clock.now() })) };
}

async function fetchGlobal({ source, clock, db }: DailyDeps, { run, signal }: RunContext): Promise<TaskOutcome> {
  await waitForEnd(run, clock, signal);
  const reason = await whyNotFetch(run, clock.now(), (window) => findGlobalFetch(db.pool, source.name, window));
  if (reason !== null) return { skipped: reason };
  const snapshot = await source.global(signal);
  return { rows: Number(await db.transaction((tx) => landGlobal(tx, { source: source.name, snapshot }))) };
}

/** Of the day, where this is moments away. */
async function waitForEnd(run: PipelineRunRow, clock: Clock, signal: AbortSignal): Promise<void> {
  for (;;) {
    const leftMs = endOfDay(logicalDateOf(run)).getTime() - clock.now().getTime();
    if (leftMs <= 0 || leftMs > CLOCKS_APART_MS) return;
    await sleep(Math.min(leftMs, POLL_MS), undefined, { signal });
  }
}

type FindFetch = (window: { from: Date; to: Date }) => Promise<Date | null>;

/**
 * Why this run fetches nothing, or null. A fetch of the day's end, begun at most an hour after it, is all that the day needs, so running
 * it again changes nothing; at another time of day the market as it was within the hour will do.
 */
async function whyNotFetch(run: PipelineRunRow, now: Date, findFetch: FindFetch): Promise<string | null> {
  const date = logicalDateOf(run);
  if (date !== newestEndedDay(now)) return `what the market is today says nothing about ${date}`;
  const end = endOfDay(date).getTime();
  const ofTheDay = await findFetch({ from: new Date(end), to: new Date(end + HOUR) });
  const fetchedAt = ofTheDay ?? (await findFetch({ from: new Date(Math.max(end, now.getTime() - HOUR)), to: now }));
  return fetchedAt === null ? null : `fetched at ${fetchedAt.toISOString()}`;
}

async function waitForDay(deps: DailyDeps, { run, signal, logger }: RunContext): Promise<TaskOutcome> {
  const end = endOfDay(logicalDateOf(run)).getTime();
  const deadline = new Date(end + LONGEST_WAIT_FOR_STREAM_MS);
  if (deps.clock.now() >= deadline) return { skipped: 'the day ended over 10 minutes ago' };
  if (!(await waitForStream({ ...deps, logger }, { until: new Date(end + ON_ITS_WAY_MS), deadline }, signal))) {
    logger.warn('the stream is over 10 minutes behind; what it still stores of the day is published later, by restate');
  }
  return { rows: null };
}

/** Daily points are on their way at a first start, and after days of downtime. */
async function waitForHistory({ db, source }: DailyDeps, { signal }: RunContext): Promise<TaskOutcome> {
  const started = performance.now();
  let most = 0;
  for (;;) {
    const elapsed = performance.now() - started;
    const history = await findHistoryActivity(db.pool);
    const left = await countPendingDays(db.pool, source.name);
    most = Math.max(most, left);
    const coming = history.running ? history.looking || left > 0 : history.queued && elapsed < LONGEST_WAIT_FOR_CLAIM_MS;
    if (!coming) return left === 0 ? { rows: null } : { skipped: `${left} coins lack their daily history, and nobody is loading it` };
    const pace = left < most ? elapsed / (most - left) : elapsed / 2;
    const hopeless = left > 0 && elapsed > LONGEST_WAIT_FOR_HISTORY_MS / 4 && elapsed + pace * left > LONGEST_WAIT_FOR_HISTORY_MS;
    if (hopeless || elapsed > LONGEST_WAIT_FOR_HISTORY_MS) {
      return { skipped: `${left} coins still lack their daily history; restate publishes it as it comes` };
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}
