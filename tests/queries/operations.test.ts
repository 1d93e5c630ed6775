/** What operators look at and do: rejected rows, dead letters, runs, datasets, the platform itself. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AS_OPERATOR, startTestGateway, type TestGateway } from '../kit/gateway.js';

let gateway: TestGateway;
const redriven: bigint[][] = [];
const redrive = async (ids: bigint[]) => redriven.push(ids);
beforeAll(async () => {
  gateway = await startTestGateway({ actions: { redriveDeadLetters: redrive, redriveRejectedRows: redrive } });
});
afterAll(() => gateway.close());

const asOperator = async (query: string, variables?: object) => (await gateway.ask(query, variables, AS_OPERATOR)).json;
const idsIn = (page: { nodes: { id: string }[] }) => page.nodes.map((node) => node.id);

/** All ids of a list, one a page. */
async function pageThrough(list: string): Promise<string[]> {
  const seen: string[] = [];
  for (let after: string | null = null, more = true; more; ) {
    const { data } = await asOperator(
      `query ($after: String) { ${list}(first: 1, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }`,
      { after },
    );
    seen.push(...idsIn(data[list]));
    ({ endCursor: after, hasNextPage: more } = data[list].pageInfo);
  }
  return seen;
}

describe('rejectedRows', () => {
  test('newest first, with what was received and why it was refused', async () => {
    const { data } = await asOperator('{ rejectedRows { nodes { id dataset coinId origin position reason payload rejectedAt } } }');
    expect(data.rejectedRows.nodes[1]).toEqual({
      id: '2',
      dataset: 'raw.raw_prices',
      coinId: null,
      origin: 'market.prices.v1/0',
      position: '9007199254740993',
      reason: 'not JSON',
      payload: '<html>',
      rejectedAt: '2026-03-10T09:00:00.000Z',
    });
    expect(await pageThrough('rejectedRows')).toEqual(['3', '2', '1']);
  });

  test.each([
    ['{dataset: "raw.raw_prices"}', ['2', '1']],
    ['{coinId: "ethereum"}', ['3']],
    ['{from: "2026-03-10T09:00:00Z", to: "2026-03-10T10:00:00Z"}', ['2']],
    ['{}', ['3', '2', '1']],
  ])('filtered by %s', async (filter, expected) => {
    const { data } = await asOperator(`{ rejectedRows(filter: ${filter}) { nodes { id } } }`);
    expect(idsIn(data.rejectedRows)).toEqual(expected);
  });
});

describe('dead letters', () => {
  test('newest first, text as text, other bytes in base64', async () => {
    const { data } = await asOperator(
      '{ deadLetters { nodes { id topic partition offset reason payload attempts storedAt redrivenAt } } }',
    );
    expect(data.deadLetters.nodes).toEqual([
      expect.objectContaining({ id: '2', payload: 'base64:/wD+', attempts: 5, redrivenAt: '2026-03-10T09:30:00.000Z' }),
      {
        id: '1',
        topic: 'market.prices.v1',
        partition: 0,
        offset: '9007199254740993',
        reason: 'not JSON',
        payload: '{"half',
        attempts: 1,
        storedAt: '2026-03-10T08:00:00.000Z',
        redrivenAt: null,
      },
    ]);
    expect(await pageThrough('deadLetters')).toEqual(['2', '1']);
    const pending = await asOperator('{ deadLetters(pending: true) { nodes { id } } }');
    expect(pending.data.deadLetters.nodes).toEqual([{ id: '1' }]);
  });

  test('are redriven by id, each once; what is no id is none', async () => {
    expect(await asOperator('mutation { redriveDeadLetters(ids: ["1", "1", "2", "x", "-3", "99999999999999999999"]) }')).toEqual({
      data: { redriveDeadLetters: 1 },
    });
    expect(redriven).toEqual([[1n, 2n]]);
    expect(await asOperator('mutation { redriveDeadLetters(ids: []) }')).toEqual({ data: { redriveDeadLetters: 0 } });
    expect(redriven).toHaveLength(1);
    const ids = Array.from({ length: 251 }, (_, n) => String(n));
    expect((await asOperator('mutation ($ids: [ID!]!) { redriveDeadLetters(ids: $ids) }', { ids })).errors[0].extensions.code).toBe(
      'BAD_USER_INPUT',
    );
  });

  test('that are discarded are listed no more, and what was redriven cannot be discarded', async () => {
    expect(await asOperator('mutation { discardDeadLetters(ids: ["1", "1", "2", "x"]) }')).toEqual({ data: { discardDeadLetters: 1 } });
    expect(await pageThrough('deadLetters')).toEqual(['2']);
    expect(await asOperator('mutation { discardDeadLetters(ids: ["1"]) }')).toEqual({ data: { discardDeadLetters: 0 } });
  });
});

describe('rejected rows', () => {
  test('are redriven by id, and are listed no more once they are discarded', async () => {
    redriven.length = 0;
    expect(await asOperator('mutation { redriveRejectedRows(ids: ["1", "1", "x"]) }')).toEqual({ data: { redriveRejectedRows: 1 } });
    expect(redriven).toEqual([[1n]]);
    expect(await asOperator('mutation { discardRejectedRows(ids: ["2", "3", "99"]) }')).toEqual({ data: { discardRejectedRows: 2 } });
    expect(await pageThrough('rejectedRows')).toEqual(['1']);
    const { data } = await asOperator('{ rejectedRows { nodes { id redrivenAt } } }');
    expect(data.rejectedRows.nodes).toEqual([{ id: '1', redrivenAt: null }]);
  });
});

describe('runs', () => {
  test('newest first, with the tasks of the newest attempt and the newest result of each check', async () => {
    const { json } =
      await gateway.ask(`{ pipelineRuns { nodes { id pipeline logicalDate attempt status requestedAt startedAt finishedAt error
      tasks { name status attempt startedAt finishedAt rowsWritten error }
      checks { name dataset severity status failedRows message checkedAt } } } }`);
    expect(json.data.pipelineRuns.nodes).toEqual([
      expect.objectContaining({
        id: '3',
        pipeline: 'restate',
        logicalDate: null,
        status: 'QUEUED',
        startedAt: null,
        tasks: [],
        checks: [],
      }),
      {
        id: '2',
        pipeline: 'daily',
        logicalDate: '2026-03-09',
        attempt: 2,
        status: 'SUCCEEDED',
        requestedAt: '2026-03-10T00:00:00.000Z',
        startedAt: '2026-03-10T00:00:01.000Z',
        finishedAt: '2026-03-10T00:01:00.000Z',
        error: null,
        tasks: [
          {
            name: 'fetch',
            status: 'SUCCEEDED',
            attempt: 1,
            startedAt: '2026-03-10T00:00:10.000Z',
            finishedAt: '2026-03-10T00:00:20.000Z',
            rowsWritten: null,
            error: null,
          },
          expect.objectContaining({ name: 'publish', rowsWritten: 2_147_483_647 }),
        ],
        checks: [
          {
            name: 'price is positive',
            dataset: 'mart.mart_crypto_performance',
            severity: 'ERROR',
            status: 'PASSED',
            failedRows: 0,
            message: null,
            checkedAt: '2026-03-10T00:00:40.000Z',
          },
        ],
      },
      expect.objectContaining({ id: '1', status: 'FAILED', error: 'a check failed' }),
    ]);
    expect(await pageThrough('pipelineRuns')).toEqual(['3', '2', '1']);
  });

  test.each([
    ['{pipeline: "daily"}', ['2', '1']],
    ['{status: QUEUED}', ['3']],
    ['{pipeline: "no-such"}', []],
  ])('filtered by %s', async (filter, expected) => {
    const { json } = await gateway.ask(`{ pipelineRuns(filter: ${filter}) { nodes { id } } }`);
    expect(idsIn(json.data.pipelineRuns)).toEqual(expected);
  });

  const run = (pipeline: string, logicalDate?: string) =>
    asOperator(
      'mutation ($pipeline: String!, $logicalDate: Date) { runPipeline(pipeline: $pipeline, logicalDate: $logicalDate) { id logicalDate attempt status } }',
      {
        pipeline,
        logicalDate,
      },
    );

  test('asked for: the one that waits, the next attempt of one that ended, or a new one', async () => {
    expect((await run('restate')).data.runPipeline).toMatchObject({ id: '3', status: 'QUEUED' });
    const again = (await run('daily', '2026-03-08')).data.runPipeline;
    expect(again).toEqual({ id: '1', logicalDate: '2026-03-08', attempt: 2, status: 'QUEUED' });
    expect((await run('daily', '2026-03-08')).data.runPipeline).toEqual(again);
    expect((await run('daily', '2026-03-07')).data.runPipeline).toMatchObject({ logicalDate: '2026-03-07', attempt: 1, status: 'QUEUED' });
    expect((await run('daily')).data.runPipeline).toMatchObject({ logicalDate: '2026-03-09', status: 'QUEUED' });
  });

  test.each([
    ['an unknown pipeline', 'no-such', undefined, 'daily'],
    ['a date where there is none', 'restate', '2026-03-09', 'leave it out'],
    ['a day that has not ended', 'daily', '2026-03-10', '2026-03-09'],
    ['a day before all prices', 'daily', '2020-01-01', '2026-03-07'],
    ['no calendar date', 'daily', '2026-02-30', 'not a calendar date'],
  ])('refused: %s', async (_, pipeline, date, advice) => {
    const { errors } = await run(pipeline, date);
    expect(errors[0].message).toContain(advice);
    expect(errors[0].extensions).toEqual({ code: 'BAD_USER_INPUT' });
  });
});

describe('datasets', () => {
  test('by name, with what they are made from and the newest result of each check', async () => {
    const { json } = await gateway.ask(
      '{ datasets { name grain version updatedAt dependsOn { name } checks { name status failedRows } } }',
    );
    expect(json.data.datasets).toEqual([
      {
        name: 'mart.mart_crypto_performance',
        grain: 'one coin and UTC day',
        version: '12345678901234567',
        updatedAt: '2026-03-10T00:01:00.000Z',
        dependsOn: [{ name: 'mart.mart_price_candles' }],
        checks: [
          { name: 'jump', status: 'WARNED', failedRows: 2_147_483_647 },
          { name: 'price is positive', status: 'PASSED', failedRows: 0 },
        ],
      },
      expect.objectContaining({ name: 'mart.mart_market_overview', dependsOn: [{ name: 'mart.mart_crypto_performance' }], checks: [] }),
      expect.objectContaining({ name: 'mart.mart_price_candles', version: '0', updatedAt: null, dependsOn: [] }),
    ]);
  });

  test('one by its name, or null', async () => {
    const { json } = await gateway.ask(
      '{ one: dataset(name: "mart.mart_price_candles") { grain } none: dataset(name: "mart.nothing") { grain } }',
    );
    expect(json.data).toEqual({ one: { grain: 'one coin, interval and bucket' }, none: null });
  });
});

describe('platform', () => {
  const FIELDS = 'realm version startedAt newestObservationAt attribution history { intervalsDone intervalsTotal estimatedFinishAt }';

  test('says what it is; history is 0 of 0 until a worker has looked, and null when there is nothing to load', async () => {
    const { json: first } = await gateway.ask(`{ platform { ${FIELDS} } }`);
    expect(first.data.platform.history).toEqual({ intervalsDone: 0, intervalsTotal: 0, estimatedFinishAt: null });
    await gateway.db.pool.query(
      `INSERT INTO ops.task_runs (run_id, run_attempt, name, attempt, status, started_at, finished_at)
       SELECT max(id), 1, 'find_holes', 1, 'SUCCEEDED', now(), now() FROM ops.pipeline_runs`,
    );
    const { json } = await gateway.ask(`{ platform { ${FIELDS} } }`);
    expect(json.data.platform).toEqual({
      realm: 'SIMULATED',
      version: '1.2.3',
      startedAt: '2026-03-10T00:00:00.000Z',
      newestObservationAt: '2026-03-10T12:00:00.000Z',
      attribution: expect.stringContaining('Simulated'),
      history: null,
    });
  });

  test('shows how far the load of history has come', async () => {
    await gateway.db.pool.query(`INSERT INTO ops.history_intervals (source, coin_id, grain, from_at, to_at, status, requested_at, finished_at) VALUES
      ('simulator', 'bitcoin', '1d', '2025-03-10', '2026-03-10', 'DONE', '2026-03-10T11:59:00Z', '2026-03-10T11:59:30Z'),
      ('simulator', 'ethereum', '1d', '2025-03-10', '2026-03-10', 'DONE', '2026-03-10T11:59:00Z', '2026-03-10T12:00:00Z'),
      ('simulator', 'tether', '1d', '2025-03-10', '2026-03-10', 'PENDING', '2026-03-10T11:59:00Z', NULL)`);
    const { json } = await gateway.ask(`{ platform { ${FIELDS} } }`);
    expect(json.data.platform.history).toEqual({ intervalsDone: 2, intervalsTotal: 3, estimatedFinishAt: '2026-03-10T12:01:00.000Z' });
  });

  test('names CoinGecko where the data are real', async () => {
    const real = await startTestGateway({ platform: { realm: 'real', version: '1', startedAt: new Date() } });
    await real.db.pool.query(`UPDATE ops.tracked_coins SET source = 'coingecko'`);
    const { json } = await real.ask('{ platform { realm attribution newestObservationAt } }');
    expect(json.data.platform).toMatchObject({ realm: 'REAL', attribution: 'Data provided by CoinGecko (https://www.coingecko.com)' });
    await real.close();
  });
});
