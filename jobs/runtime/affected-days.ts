/**
 * What a publish has to make anew: the marks of changed days that it takes, widened by how far each mart's definition says they reach.
 * Leaves temporary tables that end with the transaction: changed_coin_days (coin_id, day), the marks, and for each mart
 * affected_<table> (coin_id, first_day, last_day), or (first_day, last_day).
 * Must stay true: marks are taken by the transaction that acts on them, so a rolled back publish leaves them to the next one.
 */
import type { UtcDate } from '../../src/domain/time.js';
import type { Queryable } from '../../src/platform/postgres/database.js';
import { type DaySpan, type Mart, tableOf } from '../transforms/transform.js';

/** Takes the marks of days up to `through`; returns how many (coin, day) they were. */
export async function takeMarks(tx: Queryable, through: UtcDate): Promise<number> {
  await tx.query(
    'CREATE TEMPORARY TABLE changed_coin_days (coin_id text, day date NOT NULL, UNIQUE NULLS NOT DISTINCT (coin_id, day)) ON COMMIT DROP',
  );
  const { rowCount } = await tx.query(
    `WITH taken AS (DELETE FROM ops.changed_days WHERE day <= $1 RETURNING coin_id, day)
     INSERT INTO changed_coin_days SELECT DISTINCT coin_id, day FROM taken`,
    [through],
  );
  return rowCount ?? 0;
}

/** A day that is published again: all tracked coins, marked or not. */
export async function addDay(tx: Queryable, day: UtcDate): Promise<void> {
  await addDays(tx, 'SELECT coin_id, $1::date AS day FROM ops.tracked_coins UNION ALL SELECT NULL, $1::date', day);
}

/** Every day that a mart has rows of, or that has a close to make them of. */
export async function addEveryDay(tx: Queryable, marts: readonly Mart[], through: UtcDate): Promise<void> {
  const rows = marts.flatMap(({ name, reach }) => {
    if (reach.grain === 'whole') return [];
    return [`SELECT ${reach.grain === 'coin-day' ? 'coin_id' : 'NULL'} AS coin_id, day FROM ${name}`];
  });
  const candles = `SELECT coin_id, (bucket_start AT TIME ZONE 'UTC')::date AS day FROM mart.mart_price_candles WHERE interval = '1d'`;
  await addDays(tx, `SELECT coin_id, day FROM (${[...rows, candles].join(' UNION ')}) AS every WHERE day <= $1`, through);
}

/** A day stands in the table once, marked or added: checks would count its rows twice. */
async function addDays(tx: Queryable, select: string, day: UtcDate): Promise<void> {
  await tx.query(`INSERT INTO changed_coin_days (${select}) EXCEPT SELECT coin_id, day FROM changed_coin_days`, [day]);
}

/** Drops the marks of days before `oldest`, whose raw is gone: their marts stay as they are. Returns how many coins' days these were. */
export async function refuseDaysBefore(tx: Queryable, oldest: UtcDate): Promise<number> {
  const { rowCount } = await tx.query('DELETE FROM changed_coin_days WHERE day < $1', [oldest]);
  return rowCount ?? 0;
}

/** Fills affected_<table> for a mart, from the marks and its reach, within [oldest, through]. */
export async function findAffected(tx: Queryable, mart: Mart, oldest: UtcDate, through: UtcDate): Promise<void> {
  const { reach } = mart;
  if (reach.grain === 'whole') return;
  const table = `affected_${tableOf(mart)}`;
  const coin = reach.grain === 'coin-day' ? 'coin_id, ' : '';
  await tx.query(
    `CREATE TEMPORARY TABLE ${table} (${coin && 'coin_id text NOT NULL, '}first_day date NOT NULL, last_day date NOT NULL) ON COMMIT DROP`,
  );
  const spans =
    reach.grain === 'day' ? spansOf(reach.days) : `${spansOf(reach.own, 'coin_id')} UNION ALL ${bitcoinSpans(mart.name, reach.bitcoin)}`;
  await tx.query(
    `INSERT INTO ${table}
     SELECT ${coin}lower(span), upper(span) - 1
     FROM (SELECT ${coin}unnest(range_agg(span) * multirange(daterange($1, $2, '[]'))) AS span FROM (${spans}) AS spans ${coin && 'GROUP BY coin_id'}) AS merged`,
    [oldest, through],
  );
  await tx.query(`ANALYZE ${table}`);
}

/** None where there is no reach. */
function spansOf(reach: readonly DaySpan[], coin?: 'coin_id'): string {
  const [first, last] = [reach.map(([from]) => from), reach.map(([, to]) => to)];
  return `SELECT ${coin ? `${coin}, ` : ''}daterange(day + first, day + last, '[]') AS span
    FROM changed_coin_days CROSS JOIN unnest(ARRAY[${first}]::integer[], ARRAY[${last}]::integer[]) AS reach (first, last)
    ${coin ? `WHERE ${coin} IS NOT NULL` : ''}`;
}

/** Where bitcoin changed, every coin that has rows there. A coin that has none yet has marks of its own. */
function bitcoinSpans(name: string, reach: readonly DaySpan[]): string {
  return `SELECT coin.coin_id, market.span
    FROM (SELECT unnest(range_agg(span)) AS span FROM (${spansOf(reach, 'coin_id')}) AS days WHERE coin_id = 'bitcoin') AS market
    CROSS JOIN LATERAL (SELECT DISTINCT coin_id FROM ${name} WHERE day >= lower(market.span) AND day < upper(market.span)) AS coin`;
}
