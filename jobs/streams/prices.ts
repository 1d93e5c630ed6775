/**
 * The price stream: one batch of market.prices.v1 becomes rows of raw and rejected rows, stg_prices, candles, the latest price,
 * alerts, and the updates to push, all in the transaction that moves the offset. Nobody is told what was not accepted.
 */
import type pg from 'pg';
import { findBasePrices } from '../../src/alerts/base-prices.js';
import { announced, evaluateBatch, openRuleBook, saveEvaluation } from '../../src/alerts/batch.js';
import type { FiredAlert } from '../../src/alerts/state.js';
import { parsePriceRecord } from '../../src/domain/price-record.js';
import { ALERTS_TOPIC, logOrigin, PRICES_TOPIC, type PriceObservation, type RawPrice, UPDATES_TOPIC } from '../../src/domain/prices.js';
import { type Clock, DAY } from '../../src/domain/time.js';
import { encodeAlert, encodePriceUpdate } from '../../src/domain/updates.js';
import type { Realm } from '../../src/platform/config.js';
import type { LogRecord } from '../../src/platform/event-log/event-log.js';
import type { Queryable } from '../../src/platform/postgres/database.js';
import { atOnce } from '../../src/platform/postgres/pipelining.js';
import { getTrackedNewest } from '../../src/store/mart/latest-prices.js';
import { getRawStart } from '../../src/store/raw/raw-prices.js';
import type { DeadLetter } from '../../src/store/stream/dead-letters.js';
import type { OutboxRecord } from '../../src/store/stream/outbox.js';
import { insertRejectedRows, type NewRejectedRow } from '../../src/store/stream/rejected-rows.js';
import { type BatchTally, emptyTally } from '../runtime/observation/stream-metrics.js';
import type { OutboxRoute } from '../runtime/outbox.js';
import type { Publisher } from '../runtime/publisher.js';
import type { StreamDefinition } from '../runtime/stream/definition.js';
import { findPushed, type PushedTick } from './newest.js';
import { lockCoins, observationKey, storeLockedPrices } from './price-writer.js';
import { refusal } from './validation.js';

/** Where what a batch has to say goes: an update stays in its partition; of alerts the offset is the order. */
export const PRICE_ROUTES: OutboxRoute[] = [
  { target: UPDATES_TOPIC, partitionFor: (partition) => partition },
  { target: ALERTS_TOPIC, partitionFor: () => 0 },
];

export interface PriceStreamOptions {
  realm: Realm;
  retentionDays: number | null;
  clock: Clock;
  publisher: Pick<Publisher, 'stage' | 'publish'>;
}

export function priceStream(options: PriceStreamOptions): StreamDefinition {
  return {
    topic: PRICES_TOPIC,
    group: 'price-consumer',
    maxRecords: 5_000,
    process: (tx, records, tally = emptyTally()) => processPrices(tx, records, tally, options),
    publish: options.publisher.publish,
  };
}

async function processPrices(
  tx: pg.PoolClient,
  records: LogRecord[],
  tally: BatchTally,
  options: PriceStreamOptions,
): Promise<DeadLetter[]> {
  const now = options.clock.now();
  const read = readRecords(records);
  const coinIds = [...new Set(read.prices.map(({ price }) => price.coinId))];
  const [, { sources, newest }, book] = await atOnce(tx, [
    () => lockCoins(tx, coinIds),
    () => getTrackedNewest(tx, coinIds),
    () => openRuleBook(tx, coinIds),
  ]);

  const context = {
    realm: options.realm,
    keptFrom: await getKeptFrom(tx, read.prices, { now, retentionDays: options.retentionDays }),
    now,
    tracked: (coinId: string) => sources.has(coinId),
  };
  const accepted: RawPrice[] = [];
  for (const { price, text } of read.prices) {
    const reason = refusal(price, context);
    if (reason === null) accepted.push(price);
    else {
      const { source, coinId, origin, position } = price;
      read.refused.push({ source, coinId, origin, position, reason, payload: text });
    }
  }
  await insertRejectedRows(tx, 'raw.raw_prices', read.refused, now);
  tally.rejected = read.refused.length;
  if (accepted.length === 0) return read.corrupt;

  // A coin may be observed by several sources; only the one that feeds it is pushed and evaluated.
  const feeding = accepted.filter((tick) => tick.source === sources.get(tick.coinId));
  const storedUntil = new Map([...newest].map(([coinId, { observedAt }]) => [coinId, observedAt]));
  const pushed = findPushed(feeding, newest);
  const asking = pushed.filter((each) => !each.correction).map((each) => each.tick);
  const findBases = () => findBasePrices(tx, { logged: feeding, asking, storedUntil }, book.windows); // in what raw and staging hold by then
  const [stored, found] = await atOnce(tx, [() => storeLockedPrices(tx, accepted, now), findBases]);
  const bases = stored.remade && tx.pipeline ? await findBases() : found;
  const evaluation = evaluateBatch(book, asking, bases, now);
  const alerts = announced(evaluation.fired);
  Object.assign(tally, { pushed: pushed.length, alerts: alerts.length, newestObservedAt: newestOf(accepted) });
  const news = [...pushed.map((each) => toUpdate(each, read.partitions, stored.suspect)), ...toAlertRows(alerts, read.partitions)];
  await atOnce(tx, [() => saveEvaluation(tx, evaluation, now), () => options.publisher.stage(tx, news)]);
  return read.corrupt;
}

/**
 * From where on raw is kept: what this process is told, or a month that another one dropped, which may be told less. Months end before they
 * are dropped, by a day at least, so newer observations need not ask.
 */
async function getKeptFrom(
  tx: Queryable,
  prices: readonly { price: PriceObservation }[],
  { now, retentionDays }: { now: Date; retentionDays: number | null },
): Promise<Date | null> {
  const told = retentionDays === null ? null : new Date(now.getTime() - retentionDays * DAY);
  if (!prices.some(({ price }) => price.observedAt.getTime() < now.getTime() - DAY)) return told;
  const start = await getRawStart(tx);
  return told !== null && told > start ? told : start;
}

function newestOf(prices: RawPrice[]): Date | null {
  let newest: Date | null = null;
  for (const { observedAt } of prices) if (newest === null || observedAt > newest) newest = observedAt;
  return newest;
}

/** The whole text of a refused record is kept: it is what can be appended anew. */
function readRecords(records: LogRecord[]) {
  const origins = new Map(
    [...new Set(records.map(({ partition }) => partition))].map((partition) => [partition, logOrigin(PRICES_TOPIC, partition)]),
  );
  const prices: { price: RawPrice; text: string }[] = [];
  const refused: NewRejectedRow[] = [];
  const corrupt: DeadLetter[] = [];
  for (const record of records) {
    const parsed = parsePriceRecord(record.value);
    const place = { origin: origins.get(record.partition) as string, position: record.offset };
    if (parsed.kind === 'price') {
      const { source, coinId, priceUsd, observedAt, receivedAt, payload } = parsed.price;
      const price: RawPrice = { source, coinId, priceUsd, observedAt, receivedAt, payload, grain: 'tick', ...place };
      prices.push({ price, text: parsed.text });
    } else if (parsed.kind === 'refused') refused.push({ ...parsed, ...place, payload: parsed.text });
    else corrupt.push({ record, reason: parsed.reason });
  }
  return { prices, refused, corrupt, partitions: new Map([...origins].map(([partition, origin]) => [origin, partition])) };
}

function toUpdate(
  { tick, previousUsd, correction }: PushedTick,
  partitions: ReadonlyMap<string, number>,
  suspect: ReadonlySet<string>,
): OutboxRecord {
  const sourcePartition = partitions.get(tick.origin) as number;
  const value = encodePriceUpdate({
    coinId: tick.coinId,
    usd: tick.priceUsd,
    previousUsd,
    suspect: suspect.has(observationKey(tick.coinId, tick.source, tick.observedAt)),
    correction,
    observedAt: tick.observedAt,
    source: tick.source,
    sourcePartition,
    sourcePosition: tick.position,
    ordinal: 0,
  });
  return { target: UPDATES_TOPIC, sourcePartition, position: tick.position, key: tick.coinId, value };
}

/** Several rules may fire on one tick: ordinal tells them apart. */
function toAlertRows(alerts: FiredAlert[], partitions: ReadonlyMap<string, number>): OutboxRecord[] {
  const count = new Map<string, number>();
  return alerts.map(({ origin, position, ...alert }) => {
    const tick = `${origin} ${position}`;
    const ordinal = count.get(tick) ?? 0;
    count.set(tick, ordinal + 1);
    const sourcePartition = partitions.get(origin) as number;
    const place = {
      sourcePartition,
      sourcePosition: position,
      ordinal,
    };
    const value = encodeAlert({
      ...alert,
      acknowledgedAt: null,
      resolvedAt: null,
      ...place,
    });
    return { target: ALERTS_TOPIC, sourcePartition, position, key: alert.alertId, value };
  });
}
