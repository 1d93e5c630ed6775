/** Starts the embedded Postgres on the given data directory, says so, and stops it when its input ends. */
import { OperatorError } from '../../../src/domain/errors.js';
import { startEmbeddedPostgres } from '../../../src/platform/postgres/embedded.js';

const say = (event: string, detail: unknown = null) => process.stdout.write(`${JSON.stringify({ event, detail })}\n`);
const logger = { info: (text: string) => say('info', text), warn: (text: string) => say('warn', text) };
process.on('SIGINT', () => say('interrupted')); // as the platform: it drains, then stops by itself

try {
  const server = await startEmbeddedPostgres(process.argv[2] as string, logger as never);
  server.lost.then((reason) => say('lost', `${reason.exitCode}: ${reason.message}`));
  say('ready', server.url);
  process.stdin.resume().on('end', async () => {
    await server.stop();
    process.exit(0);
  });
} catch (error) {
  say('failed', (error as Error).message);
  process.exit(error instanceof OperatorError ? error.exitCode : 99);
}
