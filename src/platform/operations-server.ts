/** /livez, /readyz, /metrics and /status of a role that serves nothing else; the gateway has them among its own routes. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OperatorError } from '../domain/errors.js';
import type { Health } from './health.js';
import type { Metrics } from './metrics/metrics.js';

export interface OperationsOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  health: Health;
  metrics: Metrics;
  status(): Promise<unknown>;
}

export interface OperationsServer {
  /** http://host:port */
  url: string;
  close(): Promise<void>;
}

const CLOSE_PATIENCE_MS = 1_000;

export async function startOperationsServer(options: OperationsOptions): Promise<OperationsServer> {
  const routes: Record<string, (response: ServerResponse) => Promise<void>> = {
    '/livez': async (response) => {
      const liveness = options.health.liveness();
      sendJson(response, liveness.status === 'alive' ? 200 : 503, liveness);
    },
    '/readyz': async (response) => {
      const readiness = await options.health.readiness();
      sendJson(response, readiness.status === 'not_ready' ? 503 : 200, readiness);
    },
    '/metrics': async (response) => {
      const text = await options.metrics.text();
      response.writeHead(200, { 'content-type': options.metrics.contentType }).end(text);
    },
    '/status': async (response) => sendJson(response, 200, await options.status()),
  };
  const server = createServer((request, response) => {
    const route = request.method === 'GET' ? routes[(request.url ?? '').split('?')[0] as string] : undefined;
    if (route === undefined) return sendJson(response, 404, { error: `only GET of ${Object.keys(routes).join(', ')}` });
    route(response).catch((error: Error) => sendJson(response, 500, { error: error.message }));
  });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${urlHost(options.host)}:${port}`,
    close: () =>
      new Promise((resolve) => {
        // One that has not asked anything yet is not idle.
        const patience = setTimeout(() => server.closeAllConnections(), CLOSE_PATIENCE_MS);
        server.close(() => {
          clearTimeout(patience);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

/** As it stands in a URL to open: IPv6 in brackets; a server that listens on every interface is reached at this machine's own address. */
export function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** Says which port is taken, or which address is not this machine's. */
export function listenFailure(error: unknown, host: string, port: number): OperatorError {
  const { code } = error as NodeJS.ErrnoException;
  const problem =
    code === 'EADDRINUSE'
      ? 'is in use by another program. Stop that program, or set PORT.'
      : `cannot be listened on (${code}). HOST must be an address of this machine, and PORT one that this user may open.`;
  return new OperatorError(`${urlHost(host)}:${port} ${problem}`, undefined, { cause: error });
}

function listen(server: Server, { host, port }: OperationsOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(error, host, port)));
    server.listen(port, host, resolve);
  });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body, (_, value) => (typeof value === 'bigint' ? String(value) : value))}\n`);
}
