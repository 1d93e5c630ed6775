import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { loadAdminKey } from '../../../src/platform/admin-key.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { claimRealm } from '../../../src/platform/realm.js';
import { fixedClock } from '../../kit/clock.js';
import { openTestDatabase } from '../../kit/test-database.js';

describe("the operator's key", () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'cdp-key-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));
  const embedded = () => ({ adminApiKey: null, databaseUrl: null, dataDir });

  test('is generated once on the embedded Postgres, for its owner only', () => {
    const key = loadAdminKey(embedded());
    const file = join(dataDir, 'admin-api-key');
    expect(key?.file).toBe(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, 'utf8').trim();
    expect(text.length).toBeGreaterThanOrEqual(40);
    expect(key?.matches(text)).toBe(true);
    expect(loadAdminKey(embedded())?.matches(text)).toBe(true);
    for (const wrong of ['', text.slice(1), `${text} `, text.toUpperCase()]) expect(key?.matches(wrong)).toBe(false);
  });

  test('is the one that is given, if one is', () => {
    const key = loadAdminKey({ ...embedded(), adminApiKey: 'given' });
    expect(key?.matches('given')).toBe(true);
    expect(key?.file).toBeNull();
  });

  test('is nobody with a database of somebody else', () => {
    expect(loadAdminKey({ ...embedded(), databaseUrl: 'postgresql://x' })).toBeNull();
  });

  test('says what to do about a file that is empty or no file', () => {
    writeFileSync(join(dataDir, 'admin-api-key'), '\n');
    expect(() => loadAdminKey(embedded())).toThrow(/is empty. Remove it/);
    rmSync(join(dataDir, 'admin-api-key'));
    mkdirSync(join(dataDir, 'admin-api-key'));
    expect(() => loadAdminKey(embedded())).toThrow(/cannot be kept in .*EISDIR.*ADMIN_API_KEY/);
  });
});

describe('the realm', () => {
  let db: Database;
  beforeAll(async () => {
    db = await openTestDatabase();
  });
  afterAll(() => db.close());

  test('is set by the first start and kept by every later one', async () => {
    const clock = fixedClock('2026-01-01T00:00:00Z');
    const embedded = { databaseUrl: null };
    await claimRealm(db.pool, { realm: 'simulated', ...embedded }, clock);
    clock.advance(1000);
    await claimRealm(db.pool, { realm: 'simulated', ...embedded }, clock);
    expect(await db.prisma.database.findMany()).toEqual([
      { onlyRow: true, realm: 'simulated', createdAt: new Date('2026-01-01T00:00:00Z'), rawKeptFrom: null },
    ]);
    await expect(claimRealm(db.pool, { realm: 'real', ...embedded }, clock)).rejects.toThrow(
      /holds simulated data.*PRICE_SOURCE=simulator, or set another DATA_DIR for PRICE_SOURCE=coingecko/,
    );
    await expect(claimRealm(db.pool, { realm: 'real', databaseUrl: 'x' }, clock)).rejects.toThrow(/another DATABASE_URL/);
  });
});
