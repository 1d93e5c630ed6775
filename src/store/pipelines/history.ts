/**
 * ops.history_intervals: which stretches of history were, are and remain to be asked of a source. Grain: one (from, to] of one coin at
 * one spacing of points. Must stay true: what the ledger holds is never asked for again once it is DONE or UNAVAILABLE; every write of
 * an attempt is a compare-and-set on (attempt, next_position), so two attempts cannot both store a point.
 */
import type { HistoryGrain } from '../../domain/time.js';
import type { Queryable } from '../../platform/postgres/database.js';

/** (from, to] */
export interface Stretch {
  coinId: string;
  from: Date;
  to: Date;
}

export interface PlannedInterval extends Stretch {
  grain: HistoryGrain;
}

export interface HistoryInterval extends PlannedInterval {
  id: bigint;
  source: string;
  attempt: number;
}

/**
 * Stretches of over `longerThanMs` of the source's tracked coins that nothing was observed in and the ledger does not hold: before a
 * coin was tracked, back to `since`; and between its ticks and five-minute points from then on, up to `now`. A coin whose prices
 * usually come further apart than that has a hole only where they stayed away four times as long as usual.
 */
export async function getHoles(
  db: Queryable,
  asked: { source: string; historyDays: number; keptSince: Date | null; now: Date; lookBackMs: number; longerThanMs: number },
): Promise<Stretch[]> {
  const { rows } = await db.query<Stretch>(
    `WITH coins AS (
       SELECT coin_id, tracked_at, greatest(tracked_at, $5::timestamptz - $6 * interval '1 millisecond') AS since
       FROM ops.tracked_coins WHERE source = $1
     ), anchors AS ( -- the last thing known before the stretch that is looked at
       SELECT c.coin_id, greatest(c.tracked_at, (
         SELECT k.last_observed_at FROM mart.mart_price_candles k
         WHERE k.coin_id = c.coin_id AND k.interval = '5m' AND k.bucket_start < c.since ORDER BY k.bucket_start DESC LIMIT 1)) AS at
       FROM coins c
     ), seen AS (
       SELECT coin_id, at AS first_at, at AS last_at FROM anchors
       UNION ALL
       SELECT c.coin_id, k.first_observed_at, k.last_observed_at
       FROM coins c JOIN mart.mart_price_candles k ON k.coin_id = c.coin_id AND k.interval = '5m' AND k.bucket_start >= c.since
     ), spaces AS (
       SELECT coin_id, last_at AS from_at, lead(first_at) OVER (PARTITION BY coin_id ORDER BY last_at, first_at) AS next_at FROM seen
     ), usual AS (
       SELECT coin_id, coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY next_at - from_at) FILTER (WHERE next_at IS NOT NULL),
                                interval '0') AS space
       FROM spaces GROUP BY coin_id
     ), missing AS (
       SELECT s.coin_id, s.from_at, coalesce(s.next_at, $5) AS to_at FROM spaces s JOIN usual u USING (coin_id)
       WHERE coalesce(s.next_at, $5) - s.from_at > greatest($4 * interval '1 millisecond', 4 * u.space)
       UNION ALL
       SELECT coin_id, greatest(tracked_at - $2 * interval '1 day', $3), tracked_at FROM coins
       WHERE tracked_at > greatest(tracked_at - $2 * interval '1 day', $3)
     ), unasked AS (
       SELECT m.coin_id, unnest(range_agg(tstzrange(m.from_at, m.to_at, '(]')) - coalesce((
         SELECT range_agg(tstzrange(i.from_at, i.to_at, '(]')) FROM ops.history_intervals i
         WHERE i.source = $1 AND i.coin_id = m.coin_id), '{}')) AS hole
       FROM missing m GROUP BY m.coin_id
     )
     SELECT coin_id AS "coinId", lower(hole) AS "from", upper(hole) AS "to"
     FROM unasked JOIN (SELECT coin_id, max(last_at) AS last_at FROM seen GROUP BY coin_id) AS newest USING (coin_id)
     WHERE upper(hole) - lower(hole) > $4 * interval '1 millisecond'
       -- A coin that stays away is asked for again ever more rarely.
       AND NOT (upper(hole) = $5 AND upper(hole) - lower(hole) < ($5 - last_at) / 8)
     ORDER BY coin_id COLLATE "C", lower(hole)`,
    [asked.source, asked.historyDays, asked.keptSince, asked.longerThanMs, asked.now, asked.lookBackMs],
  );
  return rows;
}

/**
 * Published days since `since` of which the source's tracked coins have neither a snapshot of their end, which cannot be fetched any more,
 * nor a point at it, and which the ledger does not hold with daily points. Days in a row are one stretch.
 */
export async function getMissedSnapshots(db: Queryable, asked: { source: string; since: Date; now: Date }): Promise<Stretch[]> {
  const { rows } = await db.query<Stretch>(
    `SELECT coin_id AS "coinId", lower(days) AS "from", upper(days) AS "to"
     FROM (
       SELECT p.coin_id, unnest(range_agg(tstzrange(day_end - interval '1 day', day_end, '(]'))) AS days
       FROM ops.tracked_coins t
       JOIN mart.mart_crypto_performance p ON p.coin_id = t.coin_id AND p.day >= ($2::timestamptz AT TIME ZONE 'UTC')::date
       CROSS JOIN LATERAL (SELECT (p.day + 1)::timestamp AT TIME ZONE 'UTC' AS day_end) AS instant
       WHERE t.source = $1 AND day_end + interval '1 hour' < $3
         AND NOT EXISTS (SELECT FROM staging.stg_market_data m
                         WHERE m.coin_id = p.coin_id AND m.source = t.source AND m.observed_at BETWEEN day_end AND day_end + interval '1 hour'
                           AND (m.grain = 'snapshot' OR m.observed_at = day_end))
         AND NOT EXISTS (SELECT FROM ops.history_intervals i
                         WHERE i.source = $1 AND i.coin_id = p.coin_id AND i.grain = '1d' AND i.from_at < day_end AND i.to_at >= day_end)
       GROUP BY p.coin_id
     ) AS missed
     ORDER BY coin_id COLLATE "C", lower(days)`,
    [asked.source, asked.since, asked.now],
  );
  return rows;
}

/** In the order given, without those that lie within one of their grain that is pending or done. Returns how many are new. */
export async function insertIntervals(tx: Queryable, source: string, intervals: readonly PlannedInterval[], now: Date): Promise<number> {
  const { rowCount } = await tx.query(
    `INSERT INTO ops.history_intervals (source, coin_id, grain, from_at, to_at, status, requested_at)
     SELECT $1, p.coin_id, p.grain, p.from_at, p.to_at, 'PENDING', $6
     FROM unnest($2::text[], $3::staging.price_grain[], $4::timestamptz[], $5::timestamptz[]) WITH ORDINALITY
       AS p (coin_id, grain, from_at, to_at, ordinal)
     WHERE NOT EXISTS (SELECT FROM ops.history_intervals i WHERE i.source = $1 AND i.coin_id = p.coin_id AND i.grain = p.grain
                         AND i.from_at <= p.from_at AND i.to_at >= p.to_at AND i.status <> 'UNAVAILABLE')
     ORDER BY p.ordinal
     ON CONFLICT (source, coin_id, grain, from_at, to_at) DO NOTHING`,
    [
      source,
      intervals.map((interval) => interval.coinId),
      intervals.map((interval) => interval.grain),
      intervals.map((interval) => interval.from),
      intervals.map((interval) => interval.to),
      now,
    ],
  );
  return rowCount ?? 0;
}

/** Of a coin that was let go, or has another source now, nothing is asked for: it would have no candles. It goes on when the coin is back. */
const FOLLOWED = 'EXISTS (SELECT FROM ops.tracked_coins t WHERE t.coin_id = i.coin_id AND t.source = i.source)';

/** What is due: a year's days first, then what a newcomer looks at, then the rest; of each, greatest coins first. */
export async function getDueIntervals(db: Queryable, source: string, now: Date): Promise<HistoryInterval[]> {
  const { rows } = await db.query<HistoryInterval>(
    `SELECT id, source, coin_id AS "coinId", grain, from_at AS "from", to_at AS "to", attempt
     FROM ops.history_intervals i
     WHERE status = 'PENDING' AND source = $1 AND (retry_at IS NULL OR retry_at <= $2) AND ${FOLLOWED}
     ORDER BY array_position('{1d,5m,1h}', grain::text), id`,
    [source, now],
  );
  return rows;
}

/** What waits for its next attempt, soonest first. */
export async function getFailingIntervals(db: Queryable, source: string): Promise<{ retryAt: Date; error: string | null }[]> {
  const { rows } = await db.query<{ retryAt: Date; error: string | null }>(
    `SELECT retry_at AS "retryAt", error FROM ops.history_intervals i
     WHERE status = 'PENDING' AND source = $1 AND retry_at IS NOT NULL AND ${FOLLOWED} ORDER BY retry_at`,
    [source],
  );
  return rows;
}

/** Daily intervals of the source that are still to come. */
export async function countPendingDays(db: Queryable, source: string): Promise<number> {
  const { rowCount } = await db.query(
    `SELECT FROM ops.history_intervals i WHERE status = 'PENDING' AND source = $1 AND grain = '1d' AND retry_at IS NULL AND ${FOLLOWED}`,
    [source],
  );
  return rowCount ?? 0;
}

/** Begins the next attempt, which stores its points from position 0. Null where the interval is not pending, another began it, or the coin was let go. */
export async function beginAttempt(db: Queryable, interval: Pick<HistoryInterval, 'id' | 'attempt'>): Promise<number | null> {
  const { rows } = await db.query<{ attempt: number }>(
    `UPDATE ops.history_intervals i SET attempt = attempt + 1, next_position = 0, rows_written = 0
     WHERE id = $1 AND attempt = $2 AND status = 'PENDING' AND ${FOLLOWED} RETURNING attempt`,
    [interval.id, interval.attempt],
  );
  return rows[0]?.attempt ?? null;
}

/** Moves the attempt past a chunk of points, in the transaction that stores them. False: the attempt is another's by now. */
export async function advanceAttempt(
  tx: Queryable,
  chunk: { id: bigint; attempt: number; from: number; count: number; last: boolean },
  now: Date,
): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'advance-history-attempt',
    text: `UPDATE ops.history_intervals
           SET next_position = next_position + $4, rows_written = rows_written + $4, status = CASE WHEN $5 THEN 'DONE' ELSE status END,
               finished_at = CASE WHEN $5 THEN $6::timestamptz END, retry_at = NULL, error = NULL
           WHERE id = $1 AND attempt = $2 AND next_position = $3 AND status = 'PENDING'`,
    values: [chunk.id, chunk.attempt, chunk.from, chunk.count, chunk.last, now],
  });
  return rowCount === 1;
}

/** The attempt came to nothing: the interval waits until `retryAt`, and shows why. */
export async function postponeInterval(
  db: Queryable,
  attempt: { id: bigint; attempt: number },
  retryAt: Date,
  error: string,
): Promise<void> {
  await db.query(`UPDATE ops.history_intervals SET retry_at = $3, error = $4 WHERE id = $1 AND attempt = $2 AND status = 'PENDING'`, [
    attempt.id,
    attempt.attempt,
    retryAt,
    error,
  ]);
}

/** The source will not give this any more. False: the attempt is another's by now. */
export async function giveUpInterval(tx: Queryable, attempt: { id: bigint; attempt: number }, reason: string, now: Date): Promise<boolean> {
  const { rowCount } = await tx.query(
    `UPDATE ops.history_intervals SET status = 'UNAVAILABLE', finished_at = $4, error = $3, retry_at = NULL
     WHERE id = $1 AND attempt = $2 AND status = 'PENDING'`,
    [attempt.id, attempt.attempt, reason, now],
  );
  return rowCount === 1;
}

export interface HistoryProgress {
  intervalsDone: number;
  intervalsTotal: number;
  /** Points stored. */
  rows: number;
  /** By the pace of the last ten minutes; null until an interval has finished. */
  estimatedFinishAt: Date | null;
  /** One interval is one coin's. */
  grains: { grain: HistoryGrain; done: number; total: number }[];
}

const NOT_LOOKED_FOR: HistoryProgress = { intervalsDone: 0, intervalsTotal: 0, rows: 0, estimatedFinishAt: null, grains: [] };

async function wasLookedFor(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ looked: boolean }>(
    `SELECT EXISTS (SELECT FROM ops.history_intervals)
         OR EXISTS (SELECT FROM ops.task_runs WHERE name = 'find_holes' AND finished_at IS NOT NULL) AS looked`,
  );
  return rows[0]?.looked === true;
}

/** Of the load that is under way: what was asked for since its oldest pending interval. Null when nothing is pending; 0 of 0 before anybody looked. */
export async function findHistoryProgress(db: Queryable, now: Date): Promise<HistoryProgress | null> {
  const { rows } = await db.query<{
    grain: HistoryGrain;
    done: number;
    total: number;
    rows: number;
    recent: number;
    first: Date | null;
    last: Date | null;
    asked: Date;
  }>(
    `SELECT grain, count(*) FILTER (WHERE status <> 'PENDING')::integer AS done, count(*)::integer AS total,
       sum(rows_written)::float8 AS rows,
       count(*) FILTER (WHERE finished_at > $1::timestamptz - interval '10 minutes')::integer AS recent,
       min(finished_at) FILTER (WHERE finished_at > $1::timestamptz - interval '10 minutes') AS first, max(finished_at) AS last, min(requested_at) AS asked
     FROM ops.history_intervals i
     WHERE requested_at >= (SELECT min(requested_at) FROM ops.history_intervals i WHERE status = 'PENDING' AND ${FOLLOWED}) AND ${FOLLOWED}
     GROUP BY grain ORDER BY array_position('{1d,5m,1h}', grain::text)`,
    [now],
  );
  if (rows.length === 0) return (await wasLookedFor(db)) ? null : NOT_LOOKED_FOR;
  const sum = (of: (row: (typeof rows)[number]) => number) => rows.reduce((total, row) => total + of(row), 0);
  const [done, total, recent] = [sum((row) => row.done), sum((row) => row.total), sum((row) => row.recent)];
  const first = Math.min(...rows.map((row) => row.first?.getTime() ?? Number.POSITIVE_INFINITY));
  const last = Math.max(...rows.map((row) => row.last?.getTime() ?? 0));
  const asked = Math.min(...rows.map((row) => row.asked.getTime()));
  const msEach = recent > 1 ? (last - first) / (recent - 1) : recent === 1 ? last - asked : null;
  return {
    intervalsDone: done,
    intervalsTotal: total,
    rows: sum((row) => row.rows),
    estimatedFinishAt: msEach === null ? null : new Date(now.getTime() + msEach * (total - done)),
    grains: rows.map((row) => ({ grain: row.grain, done: row.done, total: row.total })),
  };
}
