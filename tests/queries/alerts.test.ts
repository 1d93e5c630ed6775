/** Alerts and the rules behind them, read and changed. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AS_OPERATOR, startTestGateway, type TestGateway } from '../kit/gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

const asOperator = async (query: string, variables?: object) => (await gateway.ask(query, variables, AS_OPERATOR)).json;

describe('alerts', () => {
  const idsOf = async (filter: string) => {
    const { json } = await gateway.ask(`{ alerts(filter: ${filter}) { nodes { id } } }`);
    return json.data.alerts.nodes.map((node: { id: string }) => node.id);
  };

  test('newest first, with what was said at the time', async () => {
    const { json } =
      await gateway.ask(`{ alerts { nodes { id rule { id name version } coin { id symbol name price { usd } market { observedAt } } kind severity
      threshold observed observedAt triggeredAt late status acknowledgedAt resolvedAt message } } }`);
    expect(json.data.alerts.nodes.map((node: { id: string }) => node.id)).toEqual(['a4', 'a3', 'a2', 'a1']);
    const [a4, a3, , a1] = json.data.alerts.nodes;
    expect(a4).toEqual({
      id: 'a4',
      rule: { id: '2', name: 'Any coin falls', version: 1 },
      coin: { id: 'removed-coin', symbol: 'removed-coin', name: 'removed-coin', price: null, market: null },
      kind: 'PCT_FALL',
      severity: 'INFO',
      threshold: '0.000000005',
      observed: '-7.25',
      observedAt: '2026-03-10T11:00:00.000Z',
      triggeredAt: '2026-03-10T11:00:01.000Z',
      late: false,
      status: 'FIRING',
      acknowledgedAt: null,
      resolvedAt: null,
      message: 'removed-coin fell by 7.25 % in 60 min, more than 0.000000005 %',
    });
    expect(a3).toMatchObject({ rule: null, late: true, status: 'SUPPRESSED' }); // its rule was deleted
    expect(a1).toMatchObject({ threshold: '60000', observed: '60000.5', resolvedAt: '2026-03-10T09:30:00.000Z' });
  });

  test.each([
    ['{coinIds: ["bitcoin"]}', ['a2', 'a1']],
    ['{coinIds: []}', []],
    ['{ruleId: "1"}', ['a2', 'a1']],
    ['{ruleId: "nonsense"}', []],
    ['{ruleId: "99999999999999999999"}', []],
    ['{status: FIRING}', ['a4', 'a2']],
    ['{sent: true}', ['a4', 'a2', 'a1']],
    ['{sent: false}', ['a3']],
    ['{minSeverity: INFO}', ['a4', 'a3', 'a2', 'a1']],
    ['{minSeverity: WARNING}', ['a3', 'a2', 'a1']],
    ['{minSeverity: CRITICAL}', ['a2', 'a1']],
    ['{from: "2026-03-10T10:00:01Z", to: "2026-03-10T11:00:01Z"}', ['a3', 'a2']],
    ['{minSeverity: WARNING, status: RESOLVED, coinIds: ["bitcoin", "ethereum"]}', ['a1']],
  ])('filtered by %s', async (filter, expected) => {
    expect(await idsOf(filter)).toEqual(expected);
  });

  test('in pages, also where two came at the same instant', async () => {
    const seen: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const { json } = await gateway.ask(
        'query ($after: String) { alerts(first: 1, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }',
        { after },
      );
      seen.push(...json.data.alerts.nodes.map((node: { id: string }) => node.id));
      ({ endCursor: after, hasNextPage: more } = json.data.alerts.pageInfo);
    }
    expect(seen).toEqual(['a4', 'a3', 'a2', 'a1']);
  });

  test.each([
    'first: 0',
    'after: "???"',
    'filter: {from: "2026-03-10T10:00:00Z", to: "2026-03-10T09:00:00Z"}',
    'filter: {from: "yesterday"}',
  ])('refuses %s', async (args) => {
    const { json } = await gateway.ask(`{ alerts(${args}) { nodes { id } } }`);
    expect(json.errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });

  test('an operator acknowledges a firing one; again, and after it is over, changes nothing', async () => {
    const acknowledge = (id: string) =>
      asOperator('mutation ($id: ID!) { acknowledgeAlert(id: $id) { id status acknowledgedAt } }', { id });
    expect(await acknowledge('a2')).toEqual({
      data: { acknowledgeAlert: { id: 'a2', status: 'ACKNOWLEDGED', acknowledgedAt: '2026-03-10T12:00:30.000Z' } },
    });
    gateway.clock.advance(60_000);
    expect((await acknowledge('a2')).data.acknowledgeAlert.acknowledgedAt).toBe('2026-03-10T12:00:30.000Z');
    expect((await acknowledge('a1')).data.acknowledgeAlert).toEqual({ id: 'a1', status: 'RESOLVED', acknowledgedAt: null });
    expect((await acknowledge('a99')).errors[0].extensions.code).toBe('NOT_FOUND');
  });
});

describe('alert rules', () => {
  const FIELDS = '{ id version name kind coin { id } threshold windowMinutes severity cooldownSeconds enabled createdAt }';
  const create = (input: object) =>
    asOperator(`mutation ($input: CreateAlertRuleInput!) { createAlertRule(input: $input) ${FIELDS} }`, { input });
  const update = (id: string, input: object) =>
    asOperator(`mutation ($id: ID!, $input: UpdateAlertRuleInput!) { updateAlertRule(id: $id, input: $input) ${FIELDS} }`, { id, input });
  const remove = (id: string) => asOperator('mutation ($id: ID!) { deleteAlertRule(id: $id) }', { id });

  test('are listed without those deleted, and exactly', async () => {
    const { json } = await gateway.ask(`{ alertRules ${FIELDS} }`);
    expect(json.data.alertRules).toEqual([
      {
        id: '1',
        version: 3,
        name: 'Bitcoin above 60k',
        kind: 'PRICE_ABOVE',
        coin: { id: 'bitcoin' },
        threshold: '60000',
        windowMinutes: null,
        severity: 'CRITICAL',
        cooldownSeconds: 300,
        enabled: true,
        createdAt: '2026-03-01T00:00:00.000Z',
      },
      expect.objectContaining({ id: '2', coin: null, threshold: '0.000000005', windowMinutes: 60, enabled: false }),
    ]);
  });

  test('created with the defaults of the schema, changed, deleted', async () => {
    const created = await create({ name: '  Ether below a nano dollar ', kind: 'PRICE_BELOW', coinId: 'ethereum', threshold: '1e-9' });
    expect(created.errors).toBeUndefined();
    const rule = created.data.createAlertRule;
    expect(rule).toMatchObject({
      version: 1,
      name: 'Ether below a nano dollar',
      threshold: '0.000000001',
      severity: 'WARNING',
      cooldownSeconds: 300,
      enabled: true,
    });

    const changed = (await update(rule.id, { threshold: '2', severity: 'INFO', name: null })).data.updateAlertRule;
    expect(changed).toEqual({ ...rule, version: 2, threshold: '2', severity: 'INFO' });
    expect((await update(rule.id, {})).data.updateAlertRule).toEqual(changed);
    expect((await update(rule.id, { enabled: false })).data.updateAlertRule).toEqual({ ...changed, enabled: false });

    expect(await remove(rule.id)).toEqual({ data: { deleteAlertRule: rule.id } });
    expect((await remove(rule.id)).errors[0].extensions.code).toBe('NOT_FOUND');
    expect((await update(rule.id, { name: 'x' })).errors[0].extensions.code).toBe('NOT_FOUND');
  });

  const RISE = { name: 'n', kind: 'PCT_RISE', threshold: '5', windowMinutes: 60 };
  test.each([
    ['no name', { ...RISE, name: '  ' }, 'name'],
    ['a long name', { ...RISE, name: 'n'.repeat(101) }, 'name'],
    ['a NUL in the name', { ...RISE, name: 'n\0' }, 'name'],
    ['threshold zero', { ...RISE, threshold: 0 }, 'threshold'],
    ['a negative threshold', { ...RISE, threshold: '-1' }, 'threshold'],
    ['a float as threshold', { ...RISE, threshold: 0.1 }, 'send a string'],
    ['an unsafe integer as threshold', { ...RISE, threshold: 2 ** 53 }, 'send a string'],
    ['words as threshold', { ...RISE, threshold: 'five' }, 'is not a number'],
    ['no window for PCT_*', { ...RISE, windowMinutes: null }, 'windowMinutes'],
    ['a window for PRICE_*', { ...RISE, kind: 'PRICE_ABOVE' }, 'windowMinutes'],
    ['a window of nothing', { ...RISE, windowMinutes: 0 }, 'windowMinutes'],
    ['a window of years', { ...RISE, windowMinutes: 10_081 }, 'windowMinutes'],
    ['a negative cooldown', { ...RISE, cooldownSeconds: -1 }, 'cooldownSeconds'],
    ['a cooldown of months', { ...RISE, cooldownSeconds: 2_592_001 }, 'cooldownSeconds'],
    ['an unknown coin', { ...RISE, coinId: 'nobody' }, 'name one that the query coins returns'],
    ['an unknown kind', { ...RISE, kind: 'MOON' }, 'AlertKind'],
    ['a field too many', { ...RISE, owner: 'me' }, 'owner'],
  ])('not created with %s', async (_, input, message) => {
    const { errors } = await create(input);
    expect(errors).toHaveLength(1);
    expect(errors[0].message).toContain(message);
    expect(errors[0].extensions).toEqual({ code: 'BAD_USER_INPUT' });
  });

  test.each([
    ['1', { threshold: '-1' }, 'BAD_USER_INPUT'],
    ['1', { windowMinutes: 5 }, 'BAD_USER_INPUT'],
    ['1', { name: '' }, 'BAD_USER_INPUT'],
    ['2', { windowMinutes: 0 }, 'BAD_USER_INPUT'],
    ['3', { name: 'deleted before' }, 'NOT_FOUND'],
    ['0x1', { name: 'x' }, 'NOT_FOUND'],
    ['99999999999999999999', { name: 'x' }, 'NOT_FOUND'],
  ])('rule %s is not changed by %j', async (id, input, code) => {
    const before = (await gateway.ask(`{ alertRules ${FIELDS} }`)).json;
    expect((await update(id, input)).errors[0].extensions.code).toBe(code);
    expect((await gateway.ask(`{ alertRules ${FIELDS} }`)).json).toEqual(before);
  });
});
