import { rmSync } from 'node:fs';

export default async function globalTeardown() {
  const { server, dataDir } = globalThis.testPostgres;
  await server.stop();
  console.log(process.getActiveResourcesInfo(), process._getActiveHandles());
  rmSync(dataDir, { recursive: true, force: true });
}
