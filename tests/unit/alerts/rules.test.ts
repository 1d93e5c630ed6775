/** Rules as an operator changes them: what starts a new version, what resolves, what is refused and in which words. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { announced, evaluateBatch, openRuleBook, saveEvaluation } from '../../../src/alerts/batch.js';
import { DEFAULT_RULES } from '../../../src/alerts/default-rules.js';
import type { LoggedTick } from '../../../src/alerts/evaluation.js';
import { acknowledgeAlert, createRule, deleteRule, ensureDefaultRules, type NewRule, updateRule } from '../../../src/alerts/rules.js';
import type { Decimal } from '../../../src/domain/decimal.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { openTestDatabase } from '../../kit/test-database.js';

const NOW = new Date('2026-11-10T12:00:00Z');
const decimal = (text: string) => text as Decimal;
const rule: NewRule = {
  name: 'Above 100',
  kind: 'PRICE_ABOVE',
  coinId: 'bitcoin',
  threshold: decimal('100'),
  windowMinutes: null,
  severity: 'WARNING',
  cooldownSeconds: 60,
  enabled: true,
};

let db: Database;
let position = 0n;
beforeAll(async () => {
  db = await openTestDatabase();
  await db.pool.query(`INSERT INTO ops.tracked_coins VALUES ('bitcoin', 'simulator', now())`);
});
afterAll(() => db.close());

async function see(priceUsd: string, second: number) {
  const at = new Date(NOW.getTime() + second * 1000);
  const tick: LoggedTick = {
    coinId: 'bitcoin',
    source: 'simulator',
    priceUsd: decimal(priceUsd),
    observedAt: at,
    receivedAt: at,
    origin: 'o',
    position: position++,
  };
  return db.transaction(async (tx) => {
    const book = await openRuleBook(tx, ['bitcoin']);
    const evaluation = evaluateBatch(book, [tick], new Map(), at);
    await saveEvaluation(tx, evaluation, at);
    return announced(evaluation.fired);
  });
}

async function statuses(ruleId: bigint): Promise<string[]> {
  const { rows } = await db.pool.query('SELECT status FROM mart.mart_alerts WHERE rule_id = $1 ORDER BY observed_at', [ruleId]);
  return rows.map((row) => row.status);
}

async function created(over: Partial<NewRule> = {}): Promise<bigint> {
  const outcome = await createRule(db, { ...rule, ...over }, NOW);
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.ruleId;
}

describe('an alert rule', () => {
  test('fires once per crossing, is silent when it begins as true, resolves, and is suppressed within the cooldown', async () => {
    const ruleId = await created();
    expect(await see('101', 0)).toEqual([]); // unknown -> true
    expect(await see('99', 10)).toEqual([]);
    expect((await see('100.00000001', 20)).map((alert) => alert.message)).toEqual(['bitcoin is at 100.00000001 USD, above 100 USD']);
    expect(await see('102', 30)).toEqual([]);
    expect(await see('100', 40)).toEqual([]); // exactly at the threshold is not above it
    expect(await see('103', 50)).toEqual([]); // within the cooldown
    expect(await see('90', 60)).toEqual([]);
    expect(await see('110', 80)).toHaveLength(1); // exactly the cooldown after the one that was sent
    expect(await statuses(ruleId)).toEqual(['RESOLVED', 'SUPPRESSED', 'FIRING']);
    await deleteRule(db, ruleId, NOW);
    expect(await statuses(ruleId)).toEqual(['RESOLVED', 'SUPPRESSED', 'RESOLVED']);
    expect(await see('90', 90)).toEqual([]);
    expect(await see('110', 300)).toEqual([]);
  });

  test('an edit of the threshold starts a new version as unknown and resolves; one of the name does not', async () => {
    const ruleId = await created();
    await see('90', 400);
    await see('110', 410);
    await updateRule(db, ruleId, { name: 'Renamed' }, NOW);
    expect(await statuses(ruleId)).toEqual(['FIRING']);
    await updateRule(db, ruleId, { threshold: decimal('105') }, NOW);
    expect(await statuses(ruleId)).toEqual(['RESOLVED']);
    expect(await see('111', 420)).toEqual([]); // unknown -> true under version 2
    const { rows } = await db.pool.query('SELECT version, name FROM ops.alert_rules WHERE id = $1', [ruleId]);
    expect(rows).toEqual([{ version: 2, name: 'Renamed' }]);
    await updateRule(db, ruleId, { enabled: false }, NOW);
    await see('90', 430);
    await updateRule(db, ruleId, { enabled: true }, NOW);
    expect(await see('111', 440)).toEqual([]); // enabled anew: unknown again
    await deleteRule(db, ruleId, NOW);
  });

  test('an alert is acknowledged while it fires, and stays acknowledged until it resolves', async () => {
    const ruleId = await created();
    await see('90', 500);
    const [alert] = await see('110', 510);
    expect(await acknowledgeAlert(db, alert?.alertId ?? '', NOW)).toBe(true);
    expect(await statuses(ruleId)).toEqual(['ACKNOWLEDGED']);
    await see('90', 520);
    expect(await acknowledgeAlert(db, alert?.alertId ?? '', NOW)).toBe(true);
    expect(await statuses(ruleId)).toEqual(['RESOLVED']);
    expect(await acknowledgeAlert(db, 'nothing', NOW)).toBe(false);
    await deleteRule(db, ruleId, NOW);
  });

  test.each<[Partial<NewRule>, RegExp]>([
    [{ name: ' ' }, /name needs 1 to 100/],
    [{ threshold: decimal('0') }, /greater than zero/],
    [{ threshold: decimal('-1') }, /greater than zero/],
    [{ windowMinutes: 5 }, /no meaning for PRICE_ABOVE/],
    [{ kind: 'PCT_RISE' }, /windowMinutes is needed/],
    [{ kind: 'PCT_RISE', windowMinutes: 0 }, /between 1 and/],
    [{ cooldownSeconds: -1 }, /between 0 and/],
    [{ coinId: 'nope' }, /coin "nope" is not tracked/],
  ])('refuses %j', async (over, message) => {
    const outcome = await createRule(db, { ...rule, ...over }, NOW);
    expect(outcome).toEqual({ ok: false, reason: 'invalid', message: expect.stringMatching(message) });
  });

  test('the default rules come once, and never again after they were deleted', async () => {
    const fresh = await openTestDatabase();
    try {
      const count = async () => (await fresh.pool.query('SELECT id FROM ops.alert_rules WHERE deleted_at IS NULL')).rows;
      await ensureDefaultRules(fresh, DEFAULT_RULES, NOW);
      await ensureDefaultRules(fresh, DEFAULT_RULES, NOW);
      expect(await count()).toHaveLength(DEFAULT_RULES.length);
      for (const { id } of await count()) await deleteRule(fresh, id, NOW);
      await ensureDefaultRules(fresh, DEFAULT_RULES, NOW);
      expect(await count()).toEqual([]);
    } finally {
      await fresh.close();
    }
  });
});
