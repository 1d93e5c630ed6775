/** Loads the history that the ledger of the given database lacks, slowly enough to be killed in the middle. argv: database URL, now. */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadHistory } from '../../../jobs/pipelines/history.js';
import { createLogger } from '../../../src/platform/logger.js';
import { openDatabase } from '../../../src/platform/postgres/database.js';
import { fixedClock } from '../../kit/clock.js';
import { pointsOf, scriptedSource } from '../setting/scripted-source.js';

const [, , url, now] = process.argv as [string, string, string, string];
const clock = fixedClock(now);
const db = openDatabase(url, { applicationName: 'test child' });
const source = scriptedSource(clock, [], {
  async history(coinId, grain, from, to) {
    await sleep(5);
    return { fetchedAt: clock.now(), receivedAt: clock.now(), rows: pointsOf(coinId, grain, from, to), rejected: [] };
  },
});
await loadHistory({ db, source, clock }, new AbortController().signal, createLogger({ level: 'silent' }));
await db.close();
