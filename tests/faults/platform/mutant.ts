/**
 * A copy of the built project with one promise taken out: whoever attacks it must notice. The product itself has no switch for this.
 * Must stay true: a mutation's text is found exactly once, or the mutant has outlived the code that it was made for.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../../src/platform/project-root.js';

export interface Mutation {
  name: string;
  /** Under dist/. */
  file: string;
  find: string;
  replace: string;
}

export const MUTATIONS = {
  fence: {
    name: 'the fence (compare-and-set of the offset) removed',
    file: 'src/store/stream/stream-offsets.js',
    find: 'AND o.next_offset = m.known_offset',
    replace: '',
  },
  lease: {
    name: 'the lease check removed',
    file: 'jobs/runtime/lease.js',
    find: "AND lease_expires_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + 2 * $3 * interval '1 millisecond'",
    replace: '',
  },
  widening: {
    name: 'the widening of changed days cut to the day itself',
    file: 'jobs/runtime/affected-days.js',
    find: "daterange(day + first, day + last, '[]')",
    replace: "daterange(day, day, '[]')",
  },
  record: {
    name: 'one record of each batch not stored',
    file: 'jobs/streams/prices.js',
    find: 'const feeding = accepted.filter(',
    replace: 'if (accepted.length > 1) accepted.pop();\n    const feeding = accepted.filter(',
  },
  candles: {
    name: 'candles of a minute that open with what came last',
    file: 'jobs/streams/price-writer.js',
    find: "readSql('prices.extend.sql')",
    replace: `readSql('prices.extend.sql').replace('open = CASE', "open = CASE WHEN c.interval = '1m' THEN excluded.open")`,
  },
  cooldown: {
    name: 'the cooldown of alerts ignored',
    file: 'src/alerts/evaluation.js',
    find: '>= rule.cooldownSeconds * SECOND',
    replace: '>= 0',
  },
  previous: {
    name: 'updates that do not say which price they replace',
    file: 'jobs/streams/newest.js',
    find: 'previousUsd: known?.priceUsd ?? null',
    replace: 'previousUsd: null',
  },
  delivery: {
    name: 'one update of fifty not delivered to subscribers',
    file: 'graphql/live/price-updates.js',
    find: '({ coinId }) => coins === null || coins.has(coinId)',
    replace: '({ coinId, sourcePosition }) => sourcePosition % 50n !== 7n && (coins === null || coins.has(coinId))',
  },
  outbox: {
    name: 'published positions moved before the log has acknowledged',
    file: 'jobs/runtime/outbox.js',
    find: 'await log.append(',
    replace: 'await markPublished(db.pool, sourceTopic, own);\n        await log.append(',
  },
  marking: {
    name: 'published positions never moved',
    file: 'jobs/runtime/outbox.js',
    find: 'await markPublished(db.pool, sourceTopic, own)',
    replace: 'new Set(own.map((page) => page.sourcePartition))',
  },
} as const satisfies Record<string, Mutation>;

/** The copy's root: dist is copied, everything else that the platform reads is linked. */
export function makeMutant({ file, find, replace }: Mutation): { root: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'cdp-mutant-'));
  for (const name of readdirSync(projectRoot)) if (name !== 'dist') symlinkSync(join(projectRoot, name), join(root, name));
  cpSync(join(projectRoot, 'dist'), join(root, 'dist'), { recursive: true });
  const path = join(root, 'dist', file);
  const parts = readFileSync(path, 'utf8').split(find);
  if (parts.length !== 2) throw new Error(`"${find}" stands ${parts.length - 1} times in dist/${file}: bring the mutation up to date`);
  writeFileSync(path, parts.join(replace));
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}
