/** 20 coins with 30 candles each, against a server whose JSON Postgres builds. */
import type { Benchmark } from '../benchmark.js';
import { compareServers } from '../market/served-market.js';

const QUERY = `query ($first: Int!, $ids: [ID!]) {
  coins(first: $first, filter: { ids: $ids }) {
    nodes { id candles(interval: ONE_HOUR, first: 30) { bucketStart open high low close } }
  }
}`;

export const gatewayCandles: Benchmark = {
  name: 'gateway-candles',
  about:
    'As `gateway-list`, for 20 coins with the newest 30 hourly candles of each. The limit is one statement that makes the whole answer as JSON ' +
    'inside Postgres, which the server passes on.',
  run: (context) =>
    compareServers(context, {
      name: 'bench_gateway_candles',
      what: 'gateway: 20 coins with 30 candles each, of JSON built in Postgres',
      query: QUERY,
      first: 20,
      path: '/candles',
    }),
};
