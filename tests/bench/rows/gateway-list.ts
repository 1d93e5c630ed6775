/** A list of 100 coins with ten fields each, against a server written by hand. */
import type { Benchmark } from '../benchmark.js';
import { compareServers } from '../market/served-market.js';

const QUERY = `query ($first: Int!, $ids: [ID!]) {
  coins(first: $first, filter: { ids: $ids }) {
    nodes { id symbol name rank price { usd observedAt } market { marketCapUsd volume24hUsd } performance { return1dPct return7dPct } }
  }
}`;

export const gatewayList: Benchmark = {
  name: 'gateway-list',
  about:
    'The first 100 of 120 coins with ten fields from three marts, asked over 32 connections, while 100 ticks a second arrive and are consumed. ' +
    'The gateway is `cdp gateway` in a process of its own; the limit, in a process of its own too, is node:http and pg: one named statement ' +
    'with joins, JSON.stringify. Both give the same answer (checked before). Equal: the same request again and again; different: ' +
    'each request names another 100 of the 120 coins.',
  run: (context) =>
    compareServers(context, {
      name: 'bench_gateway_list',
      what: 'gateway: 100 coins with 10 fields, of a server by hand',
      query: QUERY,
      first: 100,
      path: '/coins',
    }),
};
