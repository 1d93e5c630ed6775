/** Where a reader of alerts resumes: what it costs to find the place, and who is told that there is none. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { GraphQLError } from 'graphql';
import { ALERTS_TOPIC } from '../../src/domain/prices.js';
import type { AlertRecord } from '../../src/domain/updates.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import { type LiveGateway, type LiveSetting, logWith, openLiveSetting, TestSubscription } from '../kit/live.js';
import { NOW } from '../kit/seed.js';

const HOUR = 3_600_000;
let setting: LiveSetting;
let gateway: LiveGateway;
/** Offsets of alerts that were replayed from the log, and what a replay waits for after each page. */
let replayed: bigint[] = [];
let gate: Promise<void> | null = null;
beforeAll(async () => {
  setting = await openLiveSetting();
  gateway = await setting.startGateway({ log: watch(setting.log) });
});
afterEach(() => {
  replayed = [];
  gate = null;
});
afterAll(() => setting.close());

function watch(log: EventLog): EventLog {
  return logWith(log, { replay });
  async function* replay(...[topic, from, signal]: Parameters<EventLog['replay']>) {
    for await (const records of log.replay(topic, from, signal)) {
      if (topic === ALERTS_TOPIC) replayed.push(...records.map(({ offset }) => offset));
      yield records;
      if (topic === ALERTS_TOPIC) await gate;
    }
  }
}

let alerts = 0;

/** As the stream does, up to the moment before it is sent. */
async function store(more: Partial<AlertRecord> = {}): Promise<AlertRecord> {
  const number = ++alerts;
  const alert = {
    ...{ alertId: `alert-${number}`, ruleId: 1n, ruleVersion: 1, coinId: 'bitcoin', kind: 'PRICE_ABOVE', severity: 'WARNING' },
    ...{ threshold: '60000', windowMinutes: null, observed: '65000.1', priceUsd: '65000.1', source: 'simulator' },
    ...{ observedAt: new Date(NOW), triggeredAt: new Date(NOW), late: false, status: 'FIRING', acknowledgedAt: null, resolvedAt: null },
    ...{ message: `Alert ${number}`, sourcePartition: 0, sourcePosition: BigInt(number), ordinal: 0 },
    ...more,
  } as AlertRecord;
  await setting.db.pool.query(
    `INSERT INTO mart.mart_alerts (alert_id, rule_id, rule_version, coin_id, kind, severity, threshold, observed, price_usd, source,
       observed_at, origin, position, triggered_at, late, status, message)
     VALUES ($1, 1, 1, 'bitcoin', 'PRICE_ABOVE', 'WARNING', 60000, 65000.1, 65000.1, 'simulator', $2, 'market.prices.v1/0', $3, $4, false, $5, $6)`,
    [alert.alertId, alert.observedAt, alert.sourcePosition, alert.triggeredAt, alert.status, alert.message],
  );
  return alert;
}

async function fire(more: Partial<AlertRecord> = {}): Promise<AlertRecord> {
  const alert = await store(more);
  await setting.pushAlerts(alert);
  return alert;
}

const resume = (after: string, signal = new AbortController().signal) => gateway.live.alerts({ after }, signal);
const codeOf = (opening: Promise<unknown>) =>
  opening.then(
    () => null,
    (error: GraphQLError) => error.extensions?.code,
  );

test('after one that was never sent there is no place, and the log is not searched for it', async () => {
  await fire();
  const suppressed = await store({ status: 'SUPPRESSED' });
  for (const id of ['no-such-alert', suppressed.alertId]) expect(await codeOf(resume(id))).toBe('CURSOR_EXPIRED');
  expect(replayed).toEqual([]);
});

test('after one that waits to be sent, what follows comes, sent or not yet crossed out', async () => {
  await fire();
  const waiting = await store();
  await setting.db.pool.query(
    `INSERT INTO ops.outbox (target_topic, source_topic, source_partition, first_position, last_position, records)
     VALUES ($1, 'market.prices.v1', 0, $2, $2, '')`,
    [ALERTS_TOPIC, waiting.sourcePosition],
  );
  const before = await resume(waiting.alertId);
  await setting.pushAlerts(waiting);
  const meanwhile = await resume(waiting.alertId);
  const next = await fire();
  for (const expected of [waiting, next]) expect((await before.next()).value?.record.alertId).toBe(expected.alertId);
  expect((await meanwhile.next()).value?.record.alertId).toBe(next.alertId);
  await Promise.all([before.return(), meanwhile.return()]);
});

test('a search passes some alerts of clearly later, then gives up; and it ends with the socket of whoever asked', async () => {
  const lost = await store();
  const later = { ...lost, triggeredAt: new Date(Date.parse(NOW) + 2 * HOUR), sourcePartition: 1 };
  const flood = Array.from({ length: 4_000 }, (_, index) => ({ ...later, alertId: `later-${index}`, sourcePosition: BigInt(index) }));
  await setting.pushAlerts(...flood);
  const late = await fire();

  expect(await codeOf(resume(lost.alertId))).toBe('CURSOR_EXPIRED');
  expect(replayed.length).toBeGreaterThan(2_000);
  expect(replayed.length).toBeLessThan(3_000);

  const whole = replayed.length;
  replayed = [];
  const open = Promise.withResolvers<void>();
  gate = open.promise;
  const query = 'subscription ($after: ID) { alertTriggered(after: $after) { id } }';
  const client = new TestSubscription(gateway.url, { query, variables: { after: late.alertId } });
  while (replayed.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await client.stop();
  while (gateway.live.connections() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const read = replayed.length;
  open.resolve();
  await resume(lost.alertId).catch(() => {}); // meanwhile the one that was given up would have gone on
  expect(replayed.length).toBe(read + whole);
  expect(read).toBeLessThan(whole);
});
