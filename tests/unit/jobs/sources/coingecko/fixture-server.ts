/** A server of a test's own that answers each request as it is told to, and keeps what it was asked. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from '@jest/globals';
import type { CallLimiter } from '../../../../../jobs/sources/call-limiter.js';
import type { ClientTimings } from '../../../../../jobs/sources/coingecko/client.js';
import { createCoinGeckoSource } from '../../../../../jobs/sources/coingecko/coingecko-source.js';
import { type ApiPlan, PLANS } from '../../../../../jobs/sources/coingecko/plans.js';
import type { PriceSource } from '../../../../../jobs/sources/source.js';
import { type Clock, systemClock } from '../../../../../src/domain/time.js';

export type Reply = (response: ServerResponse, request: IncomingMessage) => void;

export function reply(body: string | Buffer, status = 200, headers: Record<string, string> = {}): Reply {
  return (response) => response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(body);
}

export interface FixtureServer {
  url: string;
  /** Paths with their queries, in order of arrival. */
  readonly asked: string[];
  readonly headers: IncomingMessage['headers'][];
  stop(): Promise<void>;
}

/** The nth request gets the nth reply; the last one is repeated. */
export async function serve(...replies: Reply[]): Promise<FixtureServer> {
  const asked: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    const answer = replies[Math.min(asked.length, replies.length - 1)] as Reply;
    asked.push(request.url ?? '');
    headers.push(request.headers);
    answer(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v3`,
    asked,
    headers,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Lets everything through at once and keeps what it was told. */
export interface OpenLimiter extends CallLimiter {
  readonly turns: [endpoint: string, purpose: string][];
  readonly blocks: number[];
}

export function openLimiter(): OpenLimiter {
  const turns: [string, string][] = [];
  const blocks: number[] = [];
  return {
    turns,
    blocks,
    async takeTurn(endpoint, purpose, signal) {
      signal?.throwIfAborted();
      turns.push([endpoint, purpose]);
    },
    async block(waitMs) {
      blocks.push(waitMs);
    },
    pollSeconds: async (wanted, callsPerPoll) => wanted * callsPerPoll,
  };
}

export interface TestSource {
  url: string;
  limiter?: CallLimiter;
  clock?: Clock;
  plan?: Partial<ApiPlan>;
  apiKey?: string;
  timings?: Partial<ClientTimings>;
  warnings?: string[];
}

/** Retries at once. */
export function testSource({ url, limiter, clock, plan, apiKey, timings, warnings }: TestSource): PriceSource {
  return createCoinGeckoSource({
    name: 'coingecko',
    label: 'CoinGecko',
    plan: { ...PLANS.public, ...plan, baseUrl: url },
    apiKey: apiKey ?? null,
    limiter: limiter ?? openLimiter(),
    clock: clock ?? systemClock,
    logger: { warn: (fields: unknown, message?: string) => void warnings?.push(`${message}: ${(fields as { err: Error }).err.message}`) },
    timings: { deadlineMs: 5_000, retries: 2, backoffMs: 1, pauseMs: 5, ...timings },
  });
}

/** For a file of tests of rows: a source whose server gives these bodies in their turn, stopped after each test. */
export function useFixtures(clock: Clock) {
  let server: FixtureServer | undefined;
  afterEach(() => server?.stop());
  return {
    async sourceOf(bodies: string[], options: Partial<TestSource> = {}): Promise<PriceSource> {
      server = await serve(...bodies.map((body) => reply(body)));
      return testSource({ url: server.url, clock, ...options });
    },
    asked: (): string[] => server?.asked ?? [],
    queryOf: (index: number): URLSearchParams => new URL(server?.asked[index] ?? '', 'http://x').searchParams,
  };
}
