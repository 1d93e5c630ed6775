/**
 * Which pages and which names of the server a request may come from: the same for HTTP and for the WebSocket's upgrade.
 * Must stay true: a page of a foreign origin gets no answer, nor does one that reached us under a foreign name (DNS rebinding),
 * while programs, which send no Origin, are served under every name of ours.
 */
import type { IncomingMessage } from 'node:http';

export interface OriginSettings {
  /** What the server listens on. */
  host: string;
  /** Origins beside the server's own, such as "https://example.org"; their hosts are names of ours too. */
  allowedOrigins: readonly string[];
}

/** `cors`: the origin that may read the answer beside our own. */
export type OriginVerdict = { allowed: true; cors: string | null } | { allowed: false; problem: string };

export type OriginCheck = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => OriginVerdict;

export function createOriginCheck({ host, allowedOrigins }: OriginSettings): OriginCheck {
  const origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase()));
  const names = new Set(['localhost', '127.0.0.1', '[::1]', asHostname(host), ...allowedOrigins.map((origin) => new URL(origin).hostname)]);
  return ({ headers, socket }) => {
    const sent = parseHost(headers.host);
    if (sent === null || !(names.has(sent.hostname) || sent.hostname === asHostname(socket.localAddress ?? ''))) {
      return {
        allowed: false,
        problem: `This server is not known as ${quote(headers.host)}: ask under its own name, or add that origin to ALLOWED_ORIGINS`,
      };
    }
    const origin = headers.origin?.toLowerCase();
    if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === sent.host)) return { allowed: true, cors: null };
    if (origins.has(origin)) return { allowed: true, cors: headers.origin ?? null };
    return { allowed: false, problem: `Pages of ${quote(headers.origin)} may not ask this server: add that origin to ALLOWED_ORIGINS` };
  };
}

function parseHost(header: string | undefined): URL | null {
  // Only a host and a port: user:password@ and paths have no place in the header.
  return header !== undefined && /^[^\s/@?#\\]+$/.test(header) && URL.canParse(`http://${header}`) ? new URL(`http://${header}`) : null;
}

/** As it stands in a URL: IPv6 in brackets, IPv4 plain even where the socket maps it into IPv6. */
function asHostname(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  return plain.includes(':') ? `[${plain}]` : plain.toLowerCase();
}

function quote(value: string | undefined): string {
  return `"${(value ?? '').slice(0, 100)}"`;
}
