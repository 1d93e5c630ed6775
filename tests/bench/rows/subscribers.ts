/** A thousand equal subscriptions, against a raw broadcast of the same bytes. */
import type { BenchContext, Benchmark, Figure } from '../benchmark.js';
import { compare, ofLimit } from '../measure.js';
import type { Deliver, Target } from '../programs/subscribers.js';
import { Parts, type Program, startProgram, startRole } from '../setting/processes.js';

const QUERY = 'subscription { priceUpdated { cursor coinId usd previousUsd suspect observedAt source } }';

export const subscribers: Benchmark = {
  name: 'subscribers',
  about:
    '1,000 sockets subscribe to all prices at `cdp gateway`; updates are appended to market.updates.v1, each by an append of its own, and ' +
    'counted as they arrive. The limit is a `ws` server that sends the same bytes to 1,000 sockets. Both are kept busy in the same way: at most ' +
    'ten messages on their way, or one. The sockets are of one process and read no more than the frames, so that they cost both sides the same.',
  async run(context) {
    const databaseUrl = await (await context.postgres()).createDatabase('bench_subscribers');
    const sockets = context.smoke ? 20 : 1_000;
    await using parts = new Parts();
    const gateway = parts.add(await startRole('gateway', { DATABASE_URL: databaseUrl }));
    const url = `${gateway.url.replace('http', 'ws')}/graphql`;
    const served = parts.add(await startSubscribers({ url, sockets, gateway: { query: QUERY, databaseUrl } }));
    const broadcaster = parts.add(await startProgram('broadcaster', served.ready));
    const broadcast = parts.add(await startSubscribers({ url: broadcaster.ready, sockets, gateway: null }));
    const what = `${sockets.toLocaleString('en')} equal priceUpdated subscribers: deliveries/s, of a raw broadcast`;
    return [
      await measure(context, { served, broadcast }, 10, `${what}, ten on their way`),
      await measure(context, { served, broadcast }, 1, `${what}, one at a time`),
    ];
  },
};

function startSubscribers(target: Target): Promise<Program> {
  return startProgram('subscribers', JSON.stringify(target));
}

async function measure(
  { smoke, say }: BenchContext,
  { served, broadcast }: { served: Program; broadcast: Program },
  window: number,
  what: string,
): Promise<Figure> {
  const deliver: Deliver = { seconds: smoke ? 0.2 : 2, window };
  const compared = await compare(
    smoke ? 1 : 7,
    () => served.ask<number>(deliver),
    () => broadcast.ask<number>(deliver),
  );
  say(`subscribers, window ${window}: ${ofLimit(compared, 'deliveries/s')}`);
  const from = `${ofLimit(compared, 'deliveries/s')}, ${Buffer.byteLength(served.ready)} bytes`;
  return { what, value: compared.ratio, unit: 'x', limit: { atLeast: 0.5 }, from };
}
