/** What an alert says of the rule and the tick that it came of: all of its row, and all of the record that travels. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ALERTS_TOPIC } from '../../src/domain/prices.js';
import { type AlertRecord, decodeAlert } from '../../src/domain/updates.js';
import { eventually, NOW, StreamSetting, tick } from './setting/stream.js';

const PARTITION = 1;

let setting: StreamSetting;
beforeEach(async () => {
  setting = await StreamSetting.open();
  await setting.db.pool.query(
    `INSERT INTO ops.alert_rules (version, name, kind, coin_id, threshold, window_minutes, severity, cooldown_seconds, enabled, created_at, updated_at)
     VALUES (3, 'a', 'PRICE_ABOVE', 'bitcoin', 105.0, NULL, 'WARNING', 3600, true, now(), now()),
            (1, 'b', 'PRICE_BELOW', NULL, 95, NULL, 'CRITICAL', 0, true, now(), now()),
            (2, 'c', 'PCT_RISE', NULL, 5, 1, 'INFO', 0, true, now(), now()),
            (1, 'd', 'PCT_FALL', 'bitcoin', 5.50, 2, 'CRITICAL', 0, true, now(), now())`,
  );
});
afterEach(() => setting.close());

const RULES = {
  above: { ruleId: 1n, ruleVersion: 3, kind: 'PRICE_ABOVE', severity: 'WARNING', threshold: '105', windowMinutes: null },
  below: { ruleId: 2n, ruleVersion: 1, kind: 'PRICE_BELOW', severity: 'CRITICAL', threshold: '95', windowMinutes: null },
  rise: { ruleId: 3n, ruleVersion: 2, kind: 'PCT_RISE', severity: 'INFO', threshold: '5', windowMinutes: 1 },
  fall: { ruleId: 4n, ruleVersion: 1, kind: 'PCT_FALL', severity: 'CRITICAL', threshold: '5.5', windowMinutes: 2 },
};
/** By position. The third is a minute too old to be on time, the fourth just is. */
const TICKS = [
  { minutesAgo: 8, priceUsd: '100' },
  { minutesAgo: 7, priceUsd: '100' },
  { minutesAgo: 6, priceUsd: '106', late: true },
  { minutesAgo: 5, priceUsd: '94', late: false },
  { minutesAgo: 4, priceUsd: '106', late: false },
];
const observedAt = (minutesAgo: number) => new Date(NOW.getTime() - minutesAgo * 60_000);

const FIRED: [rule: keyof typeof RULES, position: number, status: string, observed: string, message: string][] = [
  ['above', 2, 'RESOLVED', '106', 'bitcoin is at 106 USD, above 105 USD'],
  ['rise', 2, 'RESOLVED', '6', 'bitcoin rose by 6 % in 1 min, more than 5 %'],
  ['below', 3, 'RESOLVED', '94', 'bitcoin is at 94 USD, below 95 USD'],
  ['fall', 3, 'RESOLVED', '-6', 'bitcoin fell by 6 % in 2 min, more than 5.5 %'],
  ['above', 4, 'SUPPRESSED', '106', 'bitcoin is at 106 USD, above 105 USD'],
  ['rise', 4, 'FIRING', '12.766', 'bitcoin rose by 12.766 % in 1 min, more than 5 %'],
];

/** What its row and its record have in common. */
const said = ([rule, position, , observed, message]: (typeof FIRED)[number]) => {
  const { minutesAgo, ...seen } = TICKS[position] as (typeof TICKS)[number];
  return {
    ...RULES[rule],
    ...seen,
    alertId: expect.stringMatching(/^[0-9a-f]{32}$/),
    coinId: 'bitcoin',
    observed,
    source: 'simulator',
    observedAt: observedAt(minutesAgo),
    triggeredAt: NOW,
    acknowledgedAt: null,
    message,
  };
};

test('an alert of each kind names its rule, its tick, what was compared, and whether it comes late', async () => {
  const values = TICKS.map((each) => tick('bitcoin', 0, each.priceUsd, { observedAt: observedAt(each.minutesAgo).toISOString() }));
  await setting.append(values, PARTITION);
  setting.start();
  await eventually(setting.committed, (count) => count === BigInt(TICKS.length));

  const { rows } = await setting.db.pool.query('SELECT * FROM mart.mart_alerts ORDER BY position, rule_id');
  const camel = (name: string) => name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const stored = rows.map((row) => Object.fromEntries(Object.entries(row).map(([column, value]) => [camel(column), value])));
  expect(stored).toEqual(
    FIRED.map((each) => {
      const [, position, status] = each;
      const place = { origin: `market.prices.v1/${PARTITION}`, position: BigInt(position) };
      return { ...said(each), ...place, status, resolvedAt: status === 'RESOLVED' ? NOW : null };
    }),
  );

  const told = FIRED.filter(([, , status]) => status !== 'SUPPRESSED'); // as it fired: what became of it is no news of the stream
  const records = await eventually(readAlerts, (all) => all.length >= told.length);
  expect(records).toEqual(
    told.map((each, index) => {
      const [, position] = each;
      const ordinal = told.slice(0, index).filter((other) => other[1] === position).length;
      const place = { sourcePartition: PARTITION, sourcePosition: BigInt(position), ordinal };
      return { ...said(each), ...place, status: 'FIRING', resolvedAt: null };
    }),
  );
  expect(records.map((each) => each.alertId)).toEqual(stored.filter((row) => row.status !== 'SUPPRESSED').map((row) => row.alertId));
  expect(new Set(stored.map((row) => row.alertId)).size).toBe(FIRED.length);
});

async function readAlerts(): Promise<AlertRecord[]> {
  const alerts: AlertRecord[] = [];
  for await (const page of setting.log.replay(ALERTS_TOPIC, new Map([[0, 0n]])))
    alerts.push(...page.map(({ value }) => decodeAlert(value.toString())));
  return alerts;
}
