/**
 * What was said: on the topics, every pushed observation and every alert that fired, in order and (repeats of a crash aside) once;
 * to every subscriber, every pushed observation of its coins from the first that it saw on, in order, once, across all its reconnects.
 */
import Big from 'big.js';
import { ALERTS_TOPIC, UPDATES_TOPIC } from '../../../src/domain/prices.js';
import { decodeAlert, decodePriceUpdate, type SourcePosition } from '../../../src/domain/updates.js';
import type { LogRecord } from '../../../src/platform/event-log/event-log.js';
import type { Queryable } from '../../../src/platform/postgres/database.js';
import { type ModelPush, modelPushed } from '../../kit/reference/prices.js';
import { compareRows } from '../../kit/reference/published-prices.js';
import type { SeenUpdate, Subscriber } from '../load/subscriber.js';
import type { Evidence } from './evidence.js';

/** Whether there was a crash between the log and the note that it has it; what is appended in the batch's own transaction never repeats. */
type MayRepeat = (appendedAt: Date) => boolean;

export async function judgeTopics(db: Queryable, evidence: Evidence, mayRepeatAt: MayRepeat): Promise<string[]> {
  const updates = firstOfEach(evidence.updates, decodePriceUpdate, mayRepeatAt);
  const pushed = modelPushed(evidence.accepted);
  const said = updates.news.map((u) => [u.coinId, u.observedAt.getTime(), u.usd, u.previousUsd, u.correction, u.source, u.sourcePosition]);
  const due = pushed.map((p) => [...factsOf(p), p.correction, p.tick.source, p.tick.position]);
  const alerts = firstOfEach(evidence.alerts, decodeAlert, mayRepeatAt);
  const fired = await db.query<unknown[]>({
    rowMode: 'array',
    text: `SELECT alert_id, coin_id, trim_scale(observed)::text, trim_scale(price_usd)::text, source, (extract(epoch FROM observed_at) * 1000)::bigint
           FROM mart.mart_alerts WHERE status <> 'SUPPRESSED'`,
  });
  const waiting = await db.query('SELECT target_topic, source_partition, first_position FROM ops.outbox LIMIT 1');
  return [
    ...waiting.rows.map((row) => `ops.outbox still holds what was to be said: ${Object.values(row).join(' ')}`),
    ...updates.disorder.map((text) => `${UPDATES_TOPIC}: ${text}`),
    ...alerts.disorder.map((text) => `${ALERTS_TOPIC}: ${text}`),
    ...compareRows(UPDATES_TOPIC, said, due),
    ...compareRows(
      ALERTS_TOPIC,
      alerts.news.map((a) => [a.alertId, a.coinId, plain(a.observed), plain(a.priceUsd), a.source, a.observedAt.getTime()]),
      fired.rows,
    ),
  ];
}

const plain = (decimal: string) => new Big(decimal).toFixed();

const factsOf = ({ tick, previousUsd }: ModelPush) => [tick.coinId, tick.observedAt.getTime(), plain(tick.priceUsd), previousUsd];

/** As a reader of the topics takes them: of each source partition what rises; what it passes over must be a repeat, to the last byte. */
function firstOfEach<T extends SourcePosition>(
  records: LogRecord[],
  decode: (text: string) => T,
  mayRepeatAt: MayRepeat,
): { news: T[]; disorder: string[] } {
  const last = new Map<number, string>();
  const seen = new Map<string, Buffer>();
  const [news, disorder]: [T[], string[]] = [[], []];
  for (const record of records) {
    const value = decode(record.value.toString());
    const mark = `${String(value.sourcePosition).padStart(20, '0')}.${String(value.ordinal).padStart(6, '0')}`;
    const key = `${value.sourcePartition} ${mark}`;
    if (mark > (last.get(value.sourcePartition) ?? '')) {
      last.set(value.sourcePartition, mark);
      seen.set(key, record.value);
      news.push(value);
      continue;
    }
    const first = seen.get(key);
    if (first === undefined) disorder.push(`${key} comes first after a later one`);
    else if (!mayRepeatAt(record.appendedAt)) disorder.push(`${key} is repeated, and nothing crashed in between`);
    else if (!first.equals(record.value)) disorder.push(`${key} is repeated as ${record.value}, and was ${first}`);
  }
  return { news, disorder };
}

/** What a subscriber is to be told, by coin. */
export type Due = ReadonlyMap<string, readonly string[]>;

export function dueOf(pushed: ModelPush[]): Due {
  const due = new Map<string, string[]>();
  for (const [coinId, pushes] of Map.groupBy(pushed, ({ tick }) => tick.coinId))
    due.set(
      coinId,
      pushes.map((push) => lineOf(factsOf(push))),
    );
  return due;
}

/** Null: some are not there yet. */
export function judgeSubscriber(subscriber: Subscriber, due: Due): string[] | null {
  if (subscriber.errors.length > 0) return subscriber.errors.map((error) => `${subscriber.name} was refused: ${error}`);
  const told = Map.groupBy(subscriber.seen, (update) => update.coinId);
  const wrong: string[] = [];
  for (const [coinId, expected] of due) {
    if (subscriber.coinIds !== null && !subscriber.coinIds.includes(coinId)) continue;
    const seen = (told.get(coinId) ?? []).map((update) => lineOf(factsOfUpdate(update)));
    told.delete(coinId);
    if (seen.length === 0) return null;
    const first = expected.indexOf(seen[0] as string);
    const from = first < 0 ? expected.length : first;
    for (const [index, line] of seen.entries()) {
      if (line === expected[from + index]) continue;
      wrong.push(
        `${subscriber.name} saw ${line} as number ${index} of ${coinId}, after ${subscriber.reconnects} reconnects; ${expected[from + index] ?? 'nothing'} was due`,
      );
      break;
    }
    if (wrong.length === 0 && from + seen.length < expected.length) return null;
  }
  for (const coinId of told.keys()) wrong.push(`${subscriber.name} saw ${coinId}, and nothing of it was pushed`);
  return wrong;
}

const lineOf = (facts: unknown[]) => facts.join(' ');

const factsOfUpdate = ({ coinId, observedAt, usd, previousUsd }: SeenUpdate) => [coinId, Date.parse(observedAt), usd, previousUsd];
