/** From produced to received by a subscriber, with everything in between. */
import type { Benchmark } from '../benchmark.js';
import { quantile, readable, spreadOf } from '../measure.js';
import { Parts, startProgram, startTicks } from '../setting/processes.js';
import { DataDir, startUp, untilSettled } from '../setting/whole-platform.js';

const RATE = 1_000;

export const latency: Benchmark = {
  name: 'latency',
  about:
    '`cdp up` with its 100 coins, after the first history load. A process of its own appends 1,000 ticks a second to market.prices.v1, each by an ' +
    'append of its own, observed in that very millisecond; the platform consumes, stores and publishes them, and a subscriber in a third process ' +
    'takes the difference to its own clock. One figure for each 5 s; the simulator goes on as always.',
  async run({ smoke, say }) {
    await using dataDir = new DataDir();
    await using parts = new Parts();
    const platform = parts.add(await startUp(dataDir.path, smoke ? { COINS: '10' } : {}));
    if (!smoke) await untilSettled(platform);
    parts.add(await startTicks({ url: platform.databaseUrl, rate: RATE, everyMs: 1, consumes: false }));
    const subscriber = parts.add(await startProgram('latency-subscriber', `${platform.url.replace('http', 'ws')}/graphql`));
    const [p50, p99, counts]: [number[], number[], number[]] = [[], [], []];
    for (let window = 0; window <= (smoke ? 1 : 8); window++) {
      const seconds = smoke ? 0.5 : 5;
      const ages = await subscriber.ask<number[]>({ seconds });
      if (window === 0) continue;
      p50.push(quantile(ages, 0.5));
      p99.push(quantile(ages, 0.99));
      counts.push(ages.length / seconds);
      say(`latency: p50 ${p50.at(-1)?.toFixed(0)} ms, p99 ${p99.at(-1)?.toFixed(0)} ms, ${counts.at(-1)?.toFixed(0)}/s`);
    }
    const received = spreadOf(counts).median;
    if (!smoke && received < RATE * 0.95) throw new Error(`only ${received} of ${RATE} ticks/s arrived`);
    return [
      {
        what: 'produced -> received by a subscriber, p99 at 1,000 ticks/s',
        value: spreadOf(p99),
        unit: 'ms',
        limit: { atMost: 50 },
        from: `p50 ${readable(spreadOf(p50).median)} ms, ${received.toFixed(0)} received a second`,
      },
    ];
  },
};
