/**
 * The dashboard and GraphiQL: the files that `vite build` left in dist/web, and the addresses within the dashboard.
 * Must stay true: only addresses that are listed here are pages, so none shadows the API; of any other, a browser that follows an address
 * is told by the dashboard that nothing is there, every other client by the API's error; a page runs scripts of this origin alone; a file whose name holds its hash is never asked for twice, every other one is asked for again each time.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Addresses of the dashboard: its router shows what they name (web/app/app.tsx). */
const ADDRESSES = ['/', '/coins/:id', '/alerts', '/alerts/:tab', '/pipelines', '/pipelines/:tab'];

/** Files beside the pages, of names without a hash. */
const FILES = ['favicon.svg', 'theme.js'];

const IMMUTABLE = 'public, max-age=31536000, immutable';
/** Kept, but asked for again: an ETag makes that cheap. */
const REVALIDATED = 'no-cache';

const SHARED_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];
const DASHBOARD_POLICY = [...SHARED_POLICY, "style-src 'self'", "font-src 'self'"].join('; ');
/** Its editor makes style elements, and brings its fonts within them. */
const GRAPHIQL_POLICY = [...SHARED_POLICY, "style-src 'self' 'unsafe-inline'", "font-src 'self' data:", "worker-src 'self'"].join('; ');

/** Answers that nothing is at an address, to who reads pages; false: somebody else must answer. */
export type Nowhere = (request: FastifyRequest, reply: FastifyReply) => boolean;

/** `root`: where the built files are. Without them the API is served all the same, and the addresses say what to do. */
export async function addPages(app: FastifyInstance, root: string): Promise<Nowhere> {
  if (!existsSync(join(root, 'index.html'))) {
    for (const url of [...ADDRESSES, '/graphiql']) {
      app.get(url, async (_request, reply) => reply.code(404).type('text/plain').send('The pages are not built: run `npm run build`\n'));
    }
    return () => false;
  }
  await app.register(fastifyStatic, {
    root,
    serve: false,
    preCompressed: true,
    cacheControl: false,
    setHeaders(reply, path) {
      reply.header('vary', 'Origin, Accept-Encoding');
      reply.header('cache-control', path.startsWith(join(root, 'assets')) ? IMMUTABLE : REVALIDATED);
    },
  });
  for (const url of ADDRESSES) {
    app.get(url, (_request, reply) => reply.header('content-security-policy', DASHBOARD_POLICY).sendFile('index.html'));
  }
  app.get('/graphiql', (_request, reply) => reply.header('content-security-policy', GRAPHIQL_POLICY).sendFile('graphiql.html'));
  for (const file of FILES) app.get(`/${file}`, (_request, reply) => reply.sendFile(file));
  // By name, whatever was built since the start.
  app.get<{ Params: { file: string } }>('/assets/:file', (request, reply) => reply.sendFile(`assets/${request.params.file}`));
  return (request, reply) => {
    if (!followsAddress(request)) return false;
    reply.code(404).header('content-security-policy', DASHBOARD_POLICY);
    // Without a validator: the answer to it would be "not modified", under a status that says otherwise.
    void reply.sendFile('index.html', { etag: false, lastModified: false });
    return true;
  };
}

/** A browser asks for pages first of all, and for nothing else of ours. */
function followsAddress({ method, url, headers }: FastifyRequest): boolean {
  return method === 'GET' && !url.startsWith('/assets/') && headers.accept?.split(',')[0]?.trim() === 'text/html';
}
