/**
 * One subscriber to all prices that measures how old each tick of the bench is when it arrives: they were observed when they were
 * appended, by the clock of this machine. The simulator's are passed over: they are observed on whole seconds, some time before anybody
 * asks for them. Arguments: ws://…/graphql. A message { seconds }: answers with the ages of that time, sorted.
 */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

let ages: number[] | null = null;
const client = createClient({
  url: process.argv[2] as string,
  webSocketImpl: WebSocket,
  retryAttempts: 0,
  lazy: false,
  onNonLazyError: fail,
});

client.subscribe<{ priceUpdated: { observedAt: string } }>(
  { query: 'subscription { priceUpdated { cursor coinId usd observedAt } }' },
  {
    next({ data }) {
      if (ages === null) process.send?.('ready'); // it hears
      ages ??= [];
      if (!data) return;
      const observedAt = Date.parse(data.priceUpdated.observedAt);
      if (observedAt % 1_000 !== 0) ages.push(Date.now() - observedAt);
    },
    error: fail,
    complete: () => fail(new Error('the subscription ended')),
  },
);

process.on('message', ({ seconds }: { seconds: number }) => {
  ages = [];
  setTimeout(() => process.send?.(ages?.sort((a, b) => a - b)), seconds * 1_000);
});
process.on('SIGTERM', () => process.exit(0));

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}
