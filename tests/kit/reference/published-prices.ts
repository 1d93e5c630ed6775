/** How stg_prices, candles, latest prices and alerts differ from the plain model of what raw holds. */
import Big from 'big.js';
import type { RawPrice } from '../../../src/domain/prices.js';
import type { Queryable } from '../../../src/platform/postgres/database.js';
import { type ModelRule, modelAlerts } from './alerts.js';
import { type ModelPrice, modelCandles, modelLatest } from './prices.js';

/** In the order of (origin, position). */
export async function readRawPrices(db: Queryable): Promise<RawPrice[]> {
  const { rows } = await db.query<RawPrice>(
    `SELECT origin, position, observed_at AS "observedAt", source, coin_id AS "coinId", trim_scale(price_usd)::text AS "priceUsd", grain,
       received_at AS "receivedAt", payload::text AS payload FROM raw.raw_prices ORDER BY origin COLLATE "C", position`,
  );
  return rows;
}

/** Coins and the source that feeds each. */
export async function readFeeds(db: Queryable): Promise<Map<string, string>> {
  const { rows } = await db.query<{ coin_id: string; source: string }>('SELECT coin_id, source FROM ops.tracked_coins');
  return new Map(rows.map((coin) => [coin.coin_id, coin.source]));
}

export async function readRules(db: Queryable): Promise<ModelRule[]> {
  const { rows } = await db.query<ModelRule>(
    `SELECT id, version, kind, coin_id AS "coinId", trim_scale(threshold)::text AS threshold, window_minutes AS "windowMinutes",
       cooldown_seconds AS "cooldownSeconds" FROM ops.alert_rules WHERE enabled AND deleted_at IS NULL ORDER BY id`,
  );
  return rows;
}

/** `prices`: the model's, of all that raw holds. */
export async function priceDifferences(db: Queryable, prices: ModelPrice[], feeds: ReadonlyMap<string, string>): Promise<string[]> {
  const differences = async (name: string, sql: string, expected: readonly unknown[][]) =>
    compareRows(name, await readRows(db, sql), expected);
  return [
    ...(await differences(
      'stg_prices',
      `SELECT coin_id, source, ms(observed_at), trim_scale(price_usd), grain, revisions, suspect, ms(received_at), origin, position
       FROM staging.stg_prices`,
      prices.map((p) => [
        p.coinId,
        p.source,
        p.observedAt,
        p.priceUsd,
        p.grain,
        p.revisions,
        p.suspect,
        p.receivedAt,
        p.origin,
        p.position,
      ]),
    )),
    ...(await differences(
      'mart_price_candles',
      `SELECT coin_id, interval, ms(bucket_start), trim_scale(open), trim_scale(high), trim_scale(low), trim_scale(close), observations,
         suspect, ms(first_observed_at), ms(last_observed_at) FROM mart.mart_price_candles`,
      modelCandles(prices, feeds).map((c) => Object.values(inOrder(c))),
    )),
    ...(await differences(
      'mart_latest_prices',
      'SELECT coin_id, trim_scale(price_usd), ms(observed_at), origin, position, suspect FROM mart.mart_latest_prices',
      [...modelLatest(prices, feeds).values()].map((p) => [p.coinId, p.priceUsd, p.observedAt, p.origin, p.position, p.suspect]),
    )),
  ];
}

function inOrder({
  coinId,
  interval,
  bucketStart,
  open,
  high,
  low,
  close,
  observations,
  suspect,
  first,
  last,
}: ReturnType<typeof modelCandles>[0]) {
  return { coinId, interval, bucketStart, open, high, low, close, observations, suspect, first, last };
}

/** `log`: the accepted ticks of the feeding sources, in log order. Clock columns and `late` aside. */
export async function alertDifferences(db: Queryable, log: RawPrice[], rules: ModelRule[]): Promise<string[]> {
  const actual = await readRows(
    db,
    `SELECT rule_id, rule_version, coin_id, ms(observed_at), trim_scale(price_usd), status = 'SUPPRESSED', resolved_at IS NOT NULL
     FROM mart.mart_alerts`,
  );
  const versions = new Map(rules.map((rule) => [rule.id, rule.version]));
  const expected = modelAlerts(log, rules).map((a) => [
    a.ruleId,
    versions.get(a.ruleId),
    a.coinId,
    a.observedAt,
    new Big(a.priceUsd).toFixed(),
    a.suppressed,
    a.resolved,
  ]);
  return compareRows('mart_alerts', actual, expected);
}

/** ms(column): the instant in milliseconds. */
async function readRows(db: Queryable, sql: string): Promise<unknown[][]> {
  const text = sql.replaceAll(/\bms\((\w+)\)/g, '(extract(epoch FROM $1) * 1000)::bigint');
  return (await db.query<unknown[]>({ text, rowMode: 'array' })).rows;
}

/** Two bags of rows; what only one of them holds, in words. */
export function compareRows(name: string, actual: readonly unknown[][], expected: readonly unknown[][]): string[] {
  const count = new Map<string, number>();
  for (const row of expected) count.set(row.join(' '), (count.get(row.join(' ')) ?? 0) + 1);
  const wrong: string[] = [];
  for (const row of actual) {
    const line = row.join(' ');
    const left = count.get(line) ?? 0;
    if (left === 0) wrong.push(`${name} holds ${line}`);
    else if (left === 1) count.delete(line);
    else count.set(line, left - 1);
  }
  for (const [line, times] of count) wrong.push(`${name} lacks ${line}${times > 1 ? ` (${times} times)` : ''}`);
  return wrong;
}
