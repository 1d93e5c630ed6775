/** Loads history that the given database lacks, and holds for ever once it was given so many points. argv: database URL, now, points. */
import { loadHistory } from '../../../jobs/pipelines/history.js';
import { createLogger } from '../../../src/platform/logger.js';
import { openDatabase } from '../../../src/platform/postgres/database.js';
import { fixedClock } from '../../kit/clock.js';
import { pointsOf, scriptedSource } from '../setting/scripted-source.js';

const [, , url, now, most] = process.argv as [string, string, string, string, string];
const clock = fixedClock(now);
const db = openDatabase(url, { applicationName: 'test child' });
let given = 0;
const source = scriptedSource(clock, [], {
  async history(coinId, grain, from, to) {
    if (given >= Number(most)) await new Promise(() => {});
    const rows = pointsOf(coinId, grain, from, to);
    given += rows.length;
    return { fetchedAt: clock.now(), receivedAt: clock.now(), rows, rejected: [] };
  },
});
await loadHistory({ db, source, clock }, new AbortController().signal, createLogger({ level: 'silent' }));
await db.close();
