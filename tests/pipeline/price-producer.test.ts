/** The price producer between a scripted source and the log: everything new is sent until the log has it, and nothing that it has. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startPriceProducer } from '../../jobs/streams/price-producer.js';
import type { Decimal } from '../../src/domain/decimal.js';
import { PRICES_TOPIC, type PriceObservation } from '../../src/domain/prices.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import { scriptedSource } from './setting/scripted-source.js';
import { clock, eventually, logger, NOW, StreamSetting } from './setting/stream.js';

let setting: StreamSetting;
let metrics: Metrics;
let polls = 0;
beforeEach(async () => {
  setting = await StreamSetting.open();
  metrics = new Metrics('producer');
});
afterEach(() => setting.close());

const at = (second: number) => new Date(NOW.getTime() - 60_000 + second * 1_000);

function price(coinId: string, second: number, usd: string): PriceObservation {
  const observedAt = at(second);
  return { source: 'simulator', coinId, priceUsd: usd as Decimal, observedAt, receivedAt: NOW, payload: '{}' };
}

interface Answer {
  rows?: PriceObservation[];
  /** Why bitcoin's price is none. */
  rejected?: string[];
}

/** The life of one producer: it polls until it has had all the answers and what came of them. */
async function live(answers: Answer[], log: EventLog = setting.log): Promise<void> {
  const left = [...answers];
  const done = Promise.withResolvers<void>();
  const source = scriptedSource(clock, [], {
    pollSeconds: async () => 0,
    async currentPrices() {
      const answer = left.shift();
      if (answer === undefined) {
        done.resolve();
        throw new Error('the script is at its end');
      }
      const rejected = (answer.rejected ?? []).map((reason) => ({ coinId: 'bitcoin', reason, payload: '{}' }));
      return { fetchedAt: at(polls++), receivedAt: NOW, rows: answer.rows ?? [], rejected };
    },
  });
  const producer = startPriceProducer({ db: setting.db, log, source, pollSeconds: 1, clock, logger, metrics });
  await done.promise;
  await producer.stop();
}

/** 'bitcoin 1 100' and the like, in the order of the log: each coin has a partition of its own. */
async function sent(): Promise<string[]> {
  const bounds = await setting.log.bounds(PRICES_TOPIC);
  const records: string[] = [];
  for await (const page of setting.log.replay(PRICES_TOPIC, new Map(bounds.map(({ partition, start }) => [partition, start]))))
    records.push(
      ...page.map(({ value }) => {
        const { coinId, observedAt, priceUsd } = JSON.parse(value.toString());
        return `${coinId} ${(Date.parse(observedAt) - at(0).getTime()) / 1_000} ${priceUsd}`;
      }),
    );
  return records.sort();
}

/** As the log is while its broker is away, for one append. */
function failsOnce(log: EventLog): EventLog {
  let failed = false;
  const append: EventLog['append'] = async (...asked) => {
    if (failed) return log.append(...asked);
    failed = true;
    throw new Error('the log is away');
  };
  return { ...log, append };
}

test('what the log did not take is sent again at the next poll, once', async () => {
  const rows = [price('bitcoin', 1, '100'), price('tether', 1, '1')];
  await live([{ rows }, { rows }, { rows }], failsOnce(setting.log));
  expect(await sent()).toEqual(['bitcoin 1 100', 'tether 1 1']);
  // By it a campaign of faults sees that a producer lives: what failed is not among it.
  expect(await metrics.text()).toMatch(/^cdp_producer_prices_total\{outcome="sent",.*\} 2$/m);
});

test('another price of the same instant is a correction, and is sent; the same price of another instant too', async () => {
  await live(['100', '100', '101'].map((usd) => ({ rows: [price('bitcoin', 1, usd)] })));
  expect(await sent()).toEqual(['bitcoin 1 100', 'bitcoin 1 101']);
  await live([{ rows: [price('tether', 1, '1')] }, { rows: [price('tether', 2, '1')] }]);
  expect(await sent()).toEqual(['bitcoin 1 100', 'bitcoin 1 101', 'tether 1 1', 'tether 2 1']);
});

test('a producer that starts anew sends nothing that is stored already, and what is new', async () => {
  await live([{ rows: [price('bitcoin', 1, '100.5'), price('tether', 1, '1')] }]);
  setting.start();
  await eventually(setting.committed, (count) => count === 2n);
  await live([{ rows: [price('bitcoin', 1, '100.5'), price('tether', 2, '1')] }]);
  expect(await sent()).toEqual(['bitcoin 1 100.5', 'tether 1 1', 'tether 2 1']);
});

test('a rejected price is noted once, however often it comes; for another reason anew', async () => {
  await live([{ rejected: ['negative'] }, { rejected: ['negative'] }, { rejected: ['no number'] }, { rejected: ['no number'] }]);
  const { rows } = await setting.db.pool.query('SELECT coin_id, reason FROM ops.rejected_rows ORDER BY id');
  expect(rows).toEqual([
    { coin_id: 'bitcoin', reason: 'negative' },
    { coin_id: 'bitcoin', reason: 'no number' },
  ]);
});
