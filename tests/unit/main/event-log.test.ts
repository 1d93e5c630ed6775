/** A topic with another number of partitions than the recorded one: who appends prices stays away, the others start and say what is to be done. */
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { PRICES_TOPIC } from '../../../src/domain/prices.js';
import type { CommandContext } from '../../../src/main/command.js';
import { ensureTopics } from '../../../src/main/foundation/event-log.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import { topicsOf } from '../../../src/platform/event-log/topics.js';
import { takeUpPlace } from '../../../src/store/stream/stream-offsets.js';
import { openTestDatabase } from '../../kit/test-database.js';

test('a consumer starts beside it, a producer does not', async () => {
  const said: string[] = [];
  const logger = pino({}, { write: (line: string) => void said.push(JSON.parse(line).msg) });
  const db = await openTestDatabase();
  const log = createPostgresEventLog(db, logger);
  await log.ensureTopics(topicsOf(4));
  await takeUpPlace(db.pool, PRICES_TOPIC, 0, 0n, 6);
  const start = (produces: boolean) => ensureTopics({ logger } as CommandContext, db, log, { needsLog: true, produces });
  await expect(start(true)).rejects.toThrow(/has 4 partitions, and 6 were expected/);
  expect(said).toEqual([]);
  await start(false);
  expect(said).toEqual([expect.stringMatching(/has 4 partitions, and 6 were expected.*add-partitions/)]);
  await log.close();
  await db.close();
});
