/** alertTriggered and candleUpdated, over real WebSockets. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ALERTS_TOPIC } from '../../src/domain/prices.js';
import type { AlertRecord } from '../../src/domain/updates.js';
import { type LiveGateway, type LiveSetting, openLiveSetting, TestSubscription, updateOf } from '../kit/live.js';
import { NOW } from '../kit/seed.js';

let setting: LiveSetting;
let gateway: LiveGateway;
const open: TestSubscription<unknown>[] = [];
beforeAll(async () => {
  setting = await openLiveSetting();
  gateway = await setting.startGateway();
});
afterEach(async () => {
  for (const subscription of open.splice(0)) await subscription.stop();
});
afterAll(() => setting.close());

async function subscribe<Data>(query: string, variables: Record<string, unknown> = {}): Promise<TestSubscription<Data>> {
  const subscription = new TestSubscription<Data>(gateway.url, { query, variables });
  open.push(subscription);
  await subscription.connected;
  return subscription;
}

describe('alertTriggered', () => {
  interface AlertData {
    alertTriggered: { id: string };
  }
  const QUERY = `subscription ($coinIds: [ID!], $minSeverity: AlertSeverity, $after: ID) {
    alertTriggered(coinIds: $coinIds, minSeverity: $minSeverity, after: $after) { id } }`;
  const idsOf = (data: AlertData[]) => data.map(({ alertTriggered }) => alertTriggered.id);
  let alerts = 0;

  /** As the stream does: stored first, then sent. */
  async function fire(more: Partial<AlertRecord> = {}): Promise<AlertRecord> {
    const number = ++alerts;
    const alert: AlertRecord = {
      alertId: `alert-${number}`,
      ruleId: 1n,
      ruleVersion: 3,
      coinId: 'bitcoin',
      kind: 'PRICE_ABOVE',
      severity: 'WARNING',
      threshold: '60000' as never,
      windowMinutes: null,
      observed: '65000.1' as never,
      priceUsd: '65000.1' as never,
      source: 'simulator',
      observedAt: new Date(NOW),
      triggeredAt: new Date(Date.parse(NOW) + number),
      late: false,
      status: 'FIRING',
      acknowledgedAt: null,
      resolvedAt: null,
      message: `Alert number ${number}`,
      sourcePartition: 0,
      sourcePosition: BigInt(number),
      ordinal: 0,
      ...more,
    };
    await setting.db.pool.query(
      `INSERT INTO mart.mart_alerts (alert_id, rule_id, rule_version, coin_id, kind, severity, threshold, window_minutes, observed, price_usd, source,
         observed_at, origin, position, triggered_at, late, status, message)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'market.prices.v1/0', $13, $14, $15, $16, $17)`,
      [
        ...[alert.alertId, alert.ruleId, alert.ruleVersion, alert.coinId, alert.kind, alert.severity, alert.threshold, alert.windowMinutes],
        ...[alert.observed, alert.priceUsd, alert.source, alert.observedAt, alert.sourcePosition, alert.triggeredAt, alert.late],
        ...[alert.status, alert.message],
      ],
    );
    await setting.pushAlerts(alert);
    return alert;
  }

  test('sends each alert once with its rule and coin, several of one observation too, and drops repeats', async () => {
    const start = await fire();
    const query = `subscription ($after: ID) { alertTriggered(after: $after) {
      id rule { name } coin { name } kind severity threshold observed observedAt triggeredAt late status acknowledgedAt resolvedAt message } }`;
    const live = await subscribe<AlertData>(query, { after: start.alertId });
    const first = await fire({ sourcePartition: 2, sourcePosition: 900n });
    const second = await fire({ sourcePartition: 2, sourcePosition: 900n, ordinal: 1 });
    await setting.pushAlerts(first, second);
    const other = await fire({ sourcePartition: 1, sourcePosition: 3n });
    expect(idsOf(await live.has(3))).toEqual([first, second, other].map(({ alertId }) => alertId));
    expect(live.data[0]?.alertTriggered).toEqual({
      id: first.alertId,
      rule: { name: 'Bitcoin above 60k' },
      coin: { name: 'Bitcoin' },
      kind: 'PRICE_ABOVE',
      severity: 'WARNING',
      threshold: '60000',
      observed: '65000.1',
      observedAt: NOW,
      triggeredAt: first.triggeredAt.toISOString(),
      late: false,
      status: 'FIRING',
      acknowledgedAt: null,
      resolvedAt: null,
      message: first.message,
    });
  });

  test('only those of the chosen coins and severity', async () => {
    const start = await fire();
    const live = await subscribe<AlertData>(QUERY, { after: start.alertId, coinIds: ['ethereum'], minSeverity: 'WARNING' });
    await fire({ severity: 'CRITICAL' });
    await fire({ coinId: 'ethereum', severity: 'INFO' });
    const warning = await fire({ coinId: 'ethereum' });
    const critical = await fire({ coinId: 'ethereum', severity: 'CRITICAL' });
    expect(idsOf(await live.has(2))).toEqual([warning.alertId, critical.alertId]);
  });

  test('resumes after any alert, though clocks disagree by minutes, and on another gateway', async () => {
    const fired = [await fire(), await fire({ triggeredAt: new Date(Date.parse(NOW) + 20 * 60_000) }), await fire(), await fire()];
    await gateway.close();
    gateway = await setting.startGateway();
    for (const [index, { alertId }] of fired.entries()) {
      const resumed = await subscribe<AlertData>(QUERY, { after: alertId });
      const later = fired.slice(index + 1).map((alert) => alert.alertId);
      const next = await fire();
      fired.push(next);
      await resumed.has(later.length + 1);
      expect(idsOf(resumed.data)).toEqual([...later, next.alertId]);
      if (index === 3) break;
    }
  });

  test('an id that is unknown, or whose record is gone, is CURSOR_EXPIRED', async () => {
    const gone = await fire();
    const live = await subscribe<AlertData>(QUERY, { after: gone.alertId });
    await fire();
    await live.has(1); // the gateway itself has read it all
    const { start, end } = (await setting.log.bounds(ALERTS_TOPIC))[0] as { start: bigint; end: bigint };
    await setting.db.pool.query('UPDATE ops.log_partitions SET start_offset = $2 WHERE topic = $1', [ALERTS_TOPIC, end - 1n]);
    await setting.db.pool.query('DELETE FROM ops.log_records WHERE topic = $1 AND "offset" >= $2 AND "offset" < $3', [
      ALERTS_TOPIC,
      start,
      end - 1n,
    ]);
    for (const after of ['no-such-alert', gone.alertId]) {
      const resumed = await subscribe<AlertData>(QUERY, { after });
      await resumed.has(1);
      expect(resumed.errors.map(({ extensions }) => extensions?.code)).toEqual(['CURSOR_EXPIRED']);
    }
  });
});

describe('candleUpdated', () => {
  interface CandleData {
    candleUpdated: { coinId: string; interval: string; bucketStart: string; close: string; observations: number; isComplete: boolean };
  }
  const QUERY = `subscription ($coinId: ID!, $interval: CandleInterval!) {
    candleUpdated(coinId: $coinId, interval: $interval) { coinId interval bucketStart open high low close observations isComplete } }`;
  let positions = 0;

  /** As the stream does: the candle and, after the commit, the update. */
  async function tick(coinId: string, observedAt: Date, close: string, observations: number): Promise<void> {
    for (const [interval, width] of [['1m', 60_000] as const, ['1h', 3_600_000] as const]) {
      await setting.db.pool.query(
        `INSERT INTO mart.mart_price_candles AS c VALUES ($1, $2, $3, 1, 10, 0.5, $4, $5, false, $6, $6, $6)
         ON CONFLICT (coin_id, interval, bucket_start) DO UPDATE SET close = $4, observations = $5`,
        [coinId, interval, new Date(Math.floor((observedAt.getTime() - 1) / width) * width), close, observations, observedAt],
      );
    }
    await setting.push(updateOf(coinId, ++positions, { observedAt }));
  }

  /** Until the subscription stands, nothing comes. */
  async function standing(coinId: string, interval: string): Promise<TestSubscription<CandleData>> {
    const live = await subscribe<CandleData>(QUERY, { coinId, interval });
    const first = new Date('2026-03-10T12:10:01Z');
    for (let count = 1; live.data.length === 0; count++) {
      await tick(coinId, first, '1', count);
      await Promise.race([live.has(1), new Promise((resolve) => setTimeout(resolve, 5))]);
    }
    await tick(coinId, first, '2', 1_000);
    while (live.data.at(-1)?.candleUpdated.observations !== 1_000) await live.has(live.data.length + 1);
    live.data.length = 0;
    return live;
  }

  test('sends the current candle after each update, and a bucket that ended in its last state', async () => {
    const live = await standing('solana', 'ONE_MINUTE');
    await tick('solana', new Date('2026-03-10T12:10:30Z'), '3.50', 1_001);
    // The state before may come once more: a reading that was under way had it already.
    while (live.data.at(-1)?.candleUpdated.observations !== 1_001) await live.has(live.data.length + 1);
    expect(live.data.at(-1)?.candleUpdated).toEqual({
      coinId: 'solana',
      interval: 'ONE_MINUTE',
      bucketStart: '2026-03-10T12:10:00.000Z',
      open: '1',
      high: '10',
      low: '0.5',
      close: '3.5',
      observations: 1_001,
      isComplete: false,
    });
    // The boundary belongs to the bucket that it ends.
    await tick('solana', new Date('2026-03-10T12:11:00Z'), '4', 1_002);
    await tick('solana', new Date('2026-03-10T12:11:00.001Z'), '5', 1);
    while (live.data.at(-1)?.candleUpdated.close !== '5') await live.has(live.data.length + 1);
    const states = live.data.map(({ candleUpdated }) => [candleUpdated.bucketStart.slice(14, 16), candleUpdated.observations]);
    expect(states.filter(([minute]) => minute === '10').at(-1)).toEqual(['10', 1_002]);
    expect(states.at(-1)).toEqual(['11', 1]);
  });

  test('tells nothing of other coins, and equal ones together', async () => {
    const hour = await standing('cardano', 'ONE_HOUR');
    const minute = await standing('cardano', 'ONE_MINUTE');
    hour.data.length = 0;
    await tick('solana', new Date('2026-03-10T12:20:00Z'), '7', 1);
    await tick('cardano', new Date('2026-03-10T12:12:00Z'), '8', 2_000);
    while (hour.data.at(-1)?.candleUpdated.observations !== 2_000) await hour.has(hour.data.length + 1);
    while (minute.data.at(-1)?.candleUpdated.observations !== 2_000) await minute.has(minute.data.length + 1);
    expect(new Set([...hour.data, ...minute.data].map(({ candleUpdated }) => candleUpdated.coinId))).toEqual(new Set(['cardano']));
    expect(hour.data.at(-1)?.candleUpdated).toMatchObject({ interval: 'ONE_HOUR', bucketStart: '2026-03-10T12:00:00.000Z', close: '8' });
  });

  test('many updates at once cost few readings, and end with the newest state', async () => {
    const live = await standing('ripple', 'ONE_MINUTE');
    const at = new Date('2026-03-10T12:10:50Z');
    await setting.db.pool.query(`UPDATE mart.mart_price_candles SET observations = 5000 WHERE coin_id = 'ripple'`);
    await setting.push(...Array.from({ length: 200 }, () => updateOf('ripple', ++positions, { observedAt: at })));
    // One of the updates that it stood by may still be on its way, with the state before.
    while (live.data.at(-1)?.candleUpdated.observations !== 5_000) await live.has(live.data.length + 1);
    expect(live.data.at(-1)?.candleUpdated.observations).toBe(5_000);
    await tick('ripple', at, '9', 5_001);
    while (live.data.at(-1)?.candleUpdated.observations !== 5_001) await live.has(live.data.length + 1);
    expect(live.data.length).toBeLessThan(20);
  });
});
