/** The registry of datasets, and what the database keeps of it. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { datasets, hashDefinitions, marts, registerDatasets } from '../../jobs/transforms/registry.js';
import { type Mart, readSql, tableOf } from '../../jobs/transforms/transform.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { projectRoot } from '../../src/platform/project-root.js';
import { findPublishedThrough, getDatasets, recordDefinitions } from '../../src/store/pipelines/datasets.js';
import { openTestDatabase } from '../kit/test-database.js';
import { date, publishThrough } from './mart-database.js';

describe('the registry', () => {
  let db: Database;
  beforeEach(async () => {
    db = await openTestDatabase();
  });
  afterEach(() => db.close());

  test('names every table of raw, staging and mart, its key, and files that are there', async () => {
    const { rows } = await db.pool.query(
      `SELECT n.nspname || '.' || c.relname AS name, array_agg(a.attname::text ORDER BY array_position(i.indkey::integer[], a.attnum::integer)) AS key
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
       WHERE n.nspname IN ('raw', 'staging', 'mart') AND c.relkind IN ('r', 'p') GROUP BY 1`,
    );
    expect(Object.fromEntries(datasets.map(({ name, key }) => [name, key]))).toEqual(
      Object.fromEntries(rows.map((row) => [row.name, row.key])),
    );
    const files = datasets.flatMap(({ sql }) => sql).filter((path) => !existsSync(join(projectRoot, 'jobs/transforms', path)));
    expect(files).toEqual([]);
    for (const mart of marts) expect(mart.sql).toEqual([`mart/${tableOf(mart)}.sql`]);
  });

  test('says of each dataset what its SQL reads', () => {
    const named = (text: string) => datasets.map(({ name }) => name).filter((name) => new RegExp(`\\b${name}\\b`).test(text));
    for (const { name, reads, sql } of datasets.filter((dataset) => dataset.sql.length > 0)) {
      const read = named(sql.map(readSql).join('\n').replaceAll(/--.*/g, '')).filter((each) => each !== name);
      expect([name, ...read.sort()]).toEqual([name, ...[...reads].sort()]);
    }
  });

  test('goes to the database; nothing is stale in a new one, and registering again changes nothing', async () => {
    expect(await registerDatasets(db)).toEqual([]);
    expect(await registerDatasets(db)).toEqual([]);
    const rows = await getDatasets(db.pool);
    expect(rows.map((row) => row.name)).toEqual(datasets.map(({ name }) => name).sort());
    expect(rows.find((row) => row.name === 'mart.mart_coins')).toEqual({
      name: 'mart.mart_coins',
      grain: 'one tracked coin',
      dependsOn: ['staging.stg_coins', 'staging.stg_market_data'],
      version: '0',
      updatedAt: null,
    });
    expect(await findPublishedThrough(db.pool)).toBeNull();
  });

  test('a definition that changed is named until its rows were made anew, and so is what came new to a published database', async () => {
    await registerDatasets(db);
    await publishThrough(db, date('2026-01-01'));
    await db.pool.query(
      `UPDATE ops.datasets SET definition_hash = 'old' WHERE name IN ('staging.stg_coins', 'mart.mart_crypto_performance')`,
    );
    await db.pool.query(`DELETE FROM ops.datasets WHERE name = 'mart.mart_coins'`);
    const stale = ['staging.stg_coins', 'mart.mart_coins', 'mart.mart_crypto_performance'];
    expect(await registerDatasets(db)).toEqual(stale);
    expect(await registerDatasets(db)).toEqual(stale);
    expect(await publishThrough(db, null, { rebuild: true })).toMatchObject({ outcome: 'published' });
    expect(await registerDatasets(db)).toEqual(['staging.stg_coins']);
    await recordDefinitions(db.pool, hashDefinitions());
    expect(await registerDatasets(db)).toEqual([]);
  });
});

describe('the hash of a definition', () => {
  const changed = (change: (mart: Mart) => Mart) => {
    const [before, after] = [
      hashDefinitions(),
      hashDefinitions(datasets.map((each) => (each.name === 'mart.mart_crypto_performance' ? change(each as Mart) : each))),
    ];
    return datasets.map(({ name }) => name).filter((name) => before.get(name) !== after.get(name));
  };

  test('covers reach, key and SQL, and goes on to all that reads it', () => {
    const all = new Set(['mart.mart_crypto_performance']);
    for (const { name, reads } of datasets) if (reads.some((read) => all.has(read))) all.add(name);
    expect(all).toContain('mart.mart_market_overview');
    expect(changed((mart) => ({ ...mart, reach: { grain: 'day', days: [[0, 2]] } }))).toEqual([...all]);
    expect(changed((mart) => ({ ...mart, key: ['day', 'coin_id'] }))).toEqual([...all]);
    expect(changed((mart) => ({ ...mart, sql: ['mart/mart_coins.sql'] }))).toEqual([...all]);
  });

  test('does not cover checks and words', () => {
    expect(changed((mart) => ({ ...mart, checks: [], grain: 'other words' }))).toEqual([]);
  });

  test('needs what is read to stand before what reads it', () => {
    expect(() => hashDefinitions([...datasets].reverse())).toThrow(/reads .*, which does not stand before it/);
  });
});
