/**
 * A simulated market behind CoinGecko's HTTP API on a loopback port: the platform asks it with the very client that real data comes through.
 * Must stay true: nothing is kept between requests but their number, so any number of simulators with one seed agree.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, SECOND } from '../../../src/domain/time.js';
import { type Answer, type Api, createApi } from './endpoints.js';
import { createFaults, type FaultRates, type ResponseFault } from './faults.js';
import { createMarket } from './market.js';

export interface SimulatorOptions {
  seed: number;
  clock: Clock;
  /** 0: any free one. */
  port: number;
  faults?: FaultRates;
}

export interface Simulator {
  /** Base URL, /api/v3 included. */
  url: string;
  stop(): Promise<void>;
}

const BASE = '/api/v3';

export async function startSimulator({ seed, clock, port, faults: rates = {} }: SimulatorOptions): Promise<Simulator> {
  const faults = createFaults(seed, rates);
  const api = createApi(createMarket(seed), faults);
  let responses = 0;
  const server = createServer((request, response) => {
    const { status, body } = answerTo(api, request, clock);
    const fault = faults.ofResponse(responses++);
    (fault === null ? send : MISBEHAVE[fault])(response, status, JSON.stringify(body));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${BASE}`,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function answerTo(api: Api, request: IncomingMessage, clock: Clock): Answer {
  const url = URL.parse(request.url ?? '/', 'http://simulator');
  if (url === null || request.method !== 'GET' || !url.pathname.startsWith(`${BASE}/`)) {
    return { status: 404, body: { error: `Incorrect path: GET ${BASE}/… is all that there is` } };
  }
  return api(url.pathname.slice(BASE.length), url.searchParams, clock.now().getTime());
}

type Send = (response: ServerResponse, status: number, text: string) => void;

function send(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(text);
}

const RATE_LIMIT = JSON.stringify({ status: { error_code: 429, error_message: 'Too many calls (simulated).' } });
const PAGE = { 'content-type': 'text/html; charset=utf-8' };

const MISBEHAVE: Record<ResponseFault, Send> = {
  rateLimited: (response) => send(response, 429, RATE_LIMIT, { 'retry-after': '1' }),
  rateLimitedSilently: (response) => send(response, 429, 'Throttled', { 'content-type': 'text/plain' }),
  rateLimitedAsSuccess: (response) => send(response, 200, RATE_LIMIT),
  serverError: (response, _status, text) => send(response, [500, 502, 503][text.length % 3] as number, '<title>Bad gateway</title>', PAGE),
  slow: (response, status, text) => void setTimeout(() => send(response, status, text), 2 * SECOND).unref(),
  hang: () => {},
  malformed: (response, status, text) => send(response, status, `${text.slice(0, text.length / 2)}}{`),
  truncated(response, status, text) {
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.write(text.slice(0, text.length / 2), () => response.destroy());
  },
  html: (response) => send(response, 200, '<!DOCTYPE html><title>Just a moment…</title>', PAGE),
  empty: (response) => send(response, 200, ''),
};
