/** The loops by which a gateway follows the log: one that hangs is told from those that wait for news. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { startLive } from '../../graphql/live/live.js';
import type { ConsumeOptions, EventLog } from '../../src/platform/event-log/event-log.js';
import { Heartbeats } from '../../src/platform/heartbeats.js';
import { type LiveSetting, openLiveSetting, updateOf } from '../kit/live.js';

const logger = pino({ level: 'silent' });
let setting: LiveSetting;
let now: number;
let hearts: Heartbeats;

beforeEach(async () => {
  setting = await openLiveSetting();
  now = 0;
  hearts = new Heartbeats(() => now);
});
afterEach(() => setting.close());

const stuck = () => hearts.stuck().map(({ loop }) => loop);
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** The log, consumed in another way. */
function taking(log: EventLog, otherwise: (options: ConsumeOptions) => ConsumeOptions): EventLog {
  return new Proxy(log, {
    get(target, name) {
      if (name === 'consume') return (options: ConsumeOptions) => target.consume(otherwise(options));
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

test('a partition whose updates are not taken is stuck; those that wait for news are not', async () => {
  const held = Promise.withResolvers<void>();
  const holding = taking(setting.log, (options) => ({ ...options, onBatch: (batch) => held.promise.then(() => options.onBatch(batch)) }));
  const live = await startLive({ log: holding, db: setting.db, logger, hearts });
  const update = updateOf('bitcoin', 1);
  await setting.push(update);
  await until(() => stuck().length === 0);
  now += 121_000;
  await until(() => stuck().length <= 1); // the others turn within their next wait
  expect(stuck()).toEqual([`market.updates.v1/${update.sourcePartition}`]);
  held.resolve();
  await until(() => stuck().length === 0);
  await live.close();
});

test('a gateway that has stopped following owes no sign of life', async () => {
  const live = await startLive({ log: setting.log, db: setting.db, logger, hearts });
  await live.close();
  now += 121_000;
  expect(stuck()).toEqual([]);
});
