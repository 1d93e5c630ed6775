import { rmSync } from 'node:fs';

export default async function globalTeardown() {
  const { server, dataDir } = globalThis.testPostgres;
  await globalThis.testKafka.withdraw();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
