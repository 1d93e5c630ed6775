/** The loops by which a gateway follows the log: one that hangs is told from those that wait for news. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { startLive } from '../../graphql/live/live.js';
import { Heartbeats } from '../../src/platform/heartbeats.js';
import { type LiveSetting, logWith, openLiveSetting, updateOf } from '../kit/live.js';
import { waitFor } from '../kit/wait-for.js';

const logger = pino({ level: 'silent' });
const WITHIN = { withinMs: 15_000 };
let setting: LiveSetting;
let now: number;
let heartbeats: Heartbeats;

beforeEach(async () => {
  setting = await openLiveSetting();
  now = 0;
  heartbeats = new Heartbeats(() => now);
});
afterEach(() => setting.close());

const stuck = () => heartbeats.stuck().map(({ loop }) => loop);

test('a partition whose updates are not taken is stuck; those that wait for news are not', async () => {
  const [begun, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = logWith(setting.log, {
    consume: (options) =>
      setting.log.consume({
        ...options,
        async onBatch(batch) {
          begun.resolve();
          await held.promise;
          return options.onBatch(batch);
        },
      }),
  });
  const live = await startLive({ log: holding, db: setting.db, logger, heartbeats });
  const update = updateOf('bitcoin', 1);
  await setting.push(update);
  await begun.promise;
  expect(stuck()).toEqual([]);
  now += 121_000;
  await waitFor('the others turn within their next wait', () => stuck().length === 1, WITHIN);
  expect(stuck()).toEqual([`market.updates.v1/${update.sourcePartition}`]);
  held.resolve();
  await waitFor('it goes on', () => stuck().length === 0, WITHIN);
  await live.close();
});

test('a gateway that has stopped following owes no sign of life', async () => {
  const live = await startLive({ log: setting.log, db: setting.db, logger, heartbeats });
  await live.close();
  now += 121_000;
  expect(stuck()).toEqual([]);
});
