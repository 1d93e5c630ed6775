/** From produced to received by a subscriber, with everything in between; and with next to nothing. */
import type { BenchContext, Benchmark, Figure } from '../benchmark.js';
import { measureLatency } from '../setting/latency.js';
import { Parts, startBarePipeline } from '../setting/processes.js';
import { DataDir, startUp, untilSettled } from '../setting/whole-platform.js';

export const latency: Benchmark = {
  name: 'latency',
  about:
    '`cdp up` with its 100 coins, after the first history load. A process of its own appends 1,000 ticks a second to market.prices.v1, each by an ' +
    'append of its own, observed in that very millisecond; the platform consumes, stores and publishes them, and a subscriber in a third process ' +
    'takes the difference to its own clock. One figure for each 5 s; the simulator goes on as always, its own ticks are not measured. ' +
    'Beside it the least that a tick goes through which is stored before it is told: read from the same log, inserted into a bare table, ' +
    'committed, sent to the same subscriber.',
  run: async (context) => [await ofPlatform(context), await ofBarePipeline(context)],
};

async function ofPlatform({ smoke, say }: BenchContext): Promise<Figure> {
  await using dataDir = new DataDir();
  await using parts = new Parts();
  const platform = parts.add(await startUp(dataDir.path, smoke ? { COINS: '10' } : {}));
  if (!smoke) await untilSettled(platform);
  return await measureLatency(parts, {
    name: 'latency',
    what: 'produced -> received by a subscriber, p99 at 1,000 ticks/s',
    atMostMs: 50,
    ticks: { url: platform.databaseUrl },
    gatewayUrl: platform.url,
    smoke,
    say,
  });
}

async function ofBarePipeline({ smoke, say, postgres }: BenchContext): Promise<Figure> {
  await using parts = new Parts();
  const url = await (await postgres()).createDatabase('bench_latency_bare');
  const pipeline = parts.add(await startBarePipeline({ url }));
  return await measureLatency(parts, {
    name: 'latency, bare',
    what: 'the same, read, inserted into a bare table, committed and sent',
    ticks: { url },
    gatewayUrl: pipeline.ready,
    smoke,
    say,
  });
}
