/** A worker in a process of its own, on the given database, to be killed. argv: database URL, now. */
import { startWorker } from '../../../jobs/worker.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import { createLogger } from '../../../src/platform/logger.js';
import { openDatabase } from '../../../src/platform/postgres/database.js';
import { fixedClock } from '../../kit/clock.js';
import { scriptedSource } from '../setting/scripted-source.js';

const [, , url, now] = process.argv as [string, string, string, string];
const clock = fixedClock(now);
const db = openDatabase(url, { applicationName: 'test child' });
const logger = createLogger({ level: 'silent' });
const source = scriptedSource(clock, ['bitcoin', 'ethereum', 'tether'], { historyDays: 8 });
const config = { coins: { count: 3 }, batchCron: '0 0 * * *', retentionDays: null, kafka: null };
await startWorker({ db, log: createPostgresEventLog(db, logger), source, config, clock, logger }).ended;
