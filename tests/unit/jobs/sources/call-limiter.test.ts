import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createCallLimiter } from '../../../../jobs/sources/call-limiter.js';
import type { CallPlan } from '../../../../jobs/sources/plan.js';
import { type Database, openDatabase } from '../../../../src/platform/postgres/database.js';
import { takeCall } from '../../../../src/store/api-budgets.js';
import { openTestDatabase } from '../../../kit/test-database.js';

let database: Database;
/** Pools of their own, as processes have. */
let others: Database[];

beforeAll(async () => {
  database = await openTestDatabase();
  others = [1, 2, 3].map(() => openDatabase(database.url, { applicationName: 'another process', maxConnections: 3 }));
});

afterAll(async () => {
  await Promise.all(others.map((other) => other.close()));
  await database.close();
});

let accounts = 0;
const newAccount = () => ({ source: 'test', apiKey: `key-${++accounts}` });
const fast: CallPlan = { callsPerMinute: 60_000, callsPerMonth: null };

async function storedTexts(): Promise<string> {
  const { rows } = await database.pool.query('SELECT key_hash FROM ops.api_budgets UNION ALL SELECT key_hash FROM ops.api_calls');
  return JSON.stringify(rows);
}

describe('the bucket of a key', () => {
  test('holds for several processes at once, and is used', async () => {
    const terms = { capacity: 8, tokensPerSecond: 100, required: 1, monthlyLimit: null };
    let total = 0;
    const greedy = async (from: Database) => {
      while (total < 80) if ((await takeCall(from.pool, 'greedy', '/ping', terms)).granted) total++;
    };
    const begun = performance.now();
    await Promise.all([database, ...others].flatMap((each) => [1, 2, 3].map(() => greedy(each))));
    const seconds = (performance.now() - begun) / 1_000;
    expect(total).toBeLessThanOrEqual(8 + 100 * seconds);
    const { rows } = await database.pool.query(`SELECT endpoint, calls FROM ops.api_calls WHERE key_hash = 'greedy'`);
    expect(rows).toEqual([{ endpoint: '/ping', calls: BigInt(total) }]);
  });

  test('is one for the first callers too, whoever makes it', async () => {
    const terms = { capacity: 3, tokensPerSecond: 0.001, required: 1, monthlyLimit: null };
    const grants = await Promise.all(
      [database, ...others, database, ...others].map((each) => takeCall(each.pool, 'first', '/ping', terms)),
    );
    expect(grants.filter((grant) => grant.granted)).toHaveLength(3);
    expect(grants.filter((grant) => !grant.granted && grant.reason === 'pace' && grant.waitMs > 0)).toHaveLength(5);
  });

  test('leaves the stream something when the batch takes all that it can get', async () => {
    const account = newAccount();
    const limiter = createCallLimiter(database, account, { callsPerMinute: 2, callsPerMonth: null });
    await limiter.takeTurn('/coins/markets', 'batch');
    const grant = async (required: number) => {
      const { rows } = await database.pool.query<{ key_hash: string }>(
        'SELECT key_hash FROM ops.api_budgets ORDER BY refilled_at DESC LIMIT 1',
      );
      return takeCall(database.pool, rows[0]?.key_hash as string, '/x', {
        capacity: 1.5,
        tokensPerSecond: 1 / 120,
        required,
        monthlyLimit: null,
      });
    };
    const [batch, stream] = [await grant(1.5), await grant(1)];
    expect(batch).toMatchObject({ granted: false, reason: 'pace' });
    expect(stream).toMatchObject({ granted: false, reason: 'pace' });
    expect((batch as { waitMs: number }).waitMs - (stream as { waitMs: number }).waitMs).toBeGreaterThan(50_000);
  });

  test('keeps no key, only a hash of it', async () => {
    await createCallLimiter(database, { source: 'test', apiKey: 'CG-very-secret' }, fast).takeTurn('/ping', 'batch');
    expect(await storedTexts()).not.toContain('very-secret');
  });
});

describe('a Retry-After', () => {
  test('makes every process wait, and only those with that key', async () => {
    const account = newAccount();
    const [mine, theirs, another] = [
      createCallLimiter(database, account, fast),
      createCallLimiter(others[0] as Database, account, fast),
      createCallLimiter(database, newAccount(), fast),
    ];
    // So long that it is refused at once: whether they are made to wait does not depend on who is how fast.
    await mine.block(600_000);
    await mine.block(10);
    await expect(theirs.takeTurn('/ping', 'stream')).rejects.toMatchObject({ kind: 'rate_limited' });
    await another.takeTurn('/ping', 'stream');
    const blocked = 'blocked_until > clock_timestamp()';
    await database.pool.query(
      `UPDATE ops.api_budgets SET blocked_until = clock_timestamp() + interval '500 milliseconds' WHERE ${blocked}`,
    );
    await theirs.takeTurn('/ping', 'stream');
    const { rows } = await database.pool.query(`SELECT FROM ops.api_budgets WHERE ${blocked}`);
    expect(rows).toEqual([]);
  });

  test('of more than two minutes is the caller’s to decide about', async () => {
    const limiter = createCallLimiter(database, newAccount(), fast);
    await limiter.block(600_000);
    await expect(limiter.takeTurn('/global', 'batch')).rejects.toMatchObject({
      name: 'SourceError',
      kind: 'rate_limited',
      retryable: true,
      endpoint: '/global',
      retryAfterMs: expect.closeTo(600_000, -4),
    });
  });

  test('that is nonsense silences a key for an hour at most', async () => {
    const limiter = createCallLimiter(database, newAccount(), fast);
    await limiter.block(1e13);
    await expect(limiter.takeTurn('/ping', 'stream')).rejects.toMatchObject({ retryAfterMs: expect.closeTo(3_600_000, -4) });
  });

  test('can be left by aborting', async () => {
    const limiter = createCallLimiter(database, newAccount(), fast);
    await limiter.block(60_000);
    const abort = new AbortController();
    const turn = limiter.takeTurn('/ping', 'stream', abort.signal);
    setTimeout(() => abort.abort(), 30);
    await expect(turn).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('after the database’s clock was set back', () => {
  const setBack = (column: string, by: string) =>
    database.pool.query(`UPDATE ops.api_budgets SET ${column} = ${column} + interval '${by}'`);

  test('calls are granted again, at their pace', async () => {
    const take = () =>
      takeCall(database.pool, 'set back', '/ping', { capacity: 1, tokensPerSecond: 0.001, required: 1, monthlyLimit: null });
    expect(await take()).toEqual({ granted: true });
    await setBack('refilled_at', '1 day');
    expect(await take()).toEqual({ granted: true });
    expect(await take()).toMatchObject({ granted: false, reason: 'pace', waitMs: expect.closeTo(1_000_000, -5) });
  });

  test('a Retry-After of before counts no more, and one that comes then does', async () => {
    const limiter = createCallLimiter(database, newAccount(), fast);
    await limiter.block(600_000);
    await setBack('blocked_until', '1 day');
    await limiter.takeTurn('/ping', 'stream');
    await limiter.block(600_000);
    await expect(limiter.takeTurn('/ping', 'stream')).rejects.toMatchObject({ retryAfterMs: expect.closeTo(600_000, -4) });
  });
});

describe('the month’s credit', () => {
  test('ends for the stream before it ends for the batch', async () => {
    const limiter = createCallLimiter(database, newAccount(), { callsPerMinute: 60_000, callsPerMonth: 20 });
    for (let call = 0; call < 18; call++) await limiter.takeTurn('/simple/price', 'stream');
    const spent = limiter.takeTurn('/simple/price', 'stream');
    await expect(spent).rejects.toMatchObject({ kind: 'rate_limited', retryAfterMs: expect.any(Number) });
    expect((await spent.catch((error) => error.retryAfterMs)) as number).toBeLessThanOrEqual(86_400_000);
    await expect(spent).rejects.toThrow(/20 calls .* share that the daily batch keeps/);
    await limiter.takeTurn('/coins/markets', 'batch');
    await limiter.takeTurn('/global', 'batch');
    await expect(limiter.takeTurn('/global', 'batch')).rejects.toThrow(/are spent;/);
  });

  test('counts this month’s calls only, and stretches the poll interval', async () => {
    const plan = { callsPerMinute: 60_000, callsPerMonth: 1_000 };
    const limiter = createCallLimiter(database, newAccount(), plan);
    await limiter.takeTurn('/simple/price', 'stream');
    const before = await limiter.pollSeconds(1, 1);
    await database.pool.query(`
      INSERT INTO ops.api_calls (key_hash, month, endpoint, calls)
      SELECT key_hash, (date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') - interval '1 month')::date, 'old', 5000 FROM ops.api_budgets`);
    expect(await limiter.pollSeconds(1, 1)).toBeLessThanOrEqual(before);
    await limiter.takeTurn('/simple/price', 'stream');
    await database.pool.query(`UPDATE ops.api_calls SET calls = 450 WHERE endpoint = '/simple/price' AND calls = 2`);
    const [seconds = 0] = (
      await database.pool.query<{ s: string }>(
        `SELECT extract(epoch FROM (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month' - now() AT TIME ZONE 'UTC')) AS s`,
      )
    ).rows.map((row) => Number(row.s));
    expect(await limiter.pollSeconds(1, 1)).toBeCloseTo(seconds / 450, -1);
  });
});
