/** The running platform as the browser tests see it: `up`, a gateway beside it that can be killed, and the operator's key. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ask, buildPlatform, makeDataDir, type PlatformProcess, spawnPlatform, startPlatform } from '../kit/platform-process.js';

export const COINS = 12;

export interface Scene {
  /** The platform's own gateway. */
  url: string;
  key: string;
  dataDir: string;
  /** Another one; on the port that is given, or on a free one. */
  startGateway(port?: number): Promise<PlatformProcess>;
  close(): Promise<void>;
}

export async function openScene(): Promise<Scene> {
  buildPlatform();
  const directory = makeDataDir();
  const up = await startPlatform(directory.dataDir, { COINS: String(COINS) });
  const running: PlatformProcess[] = [up];
  return {
    url: up.url,
    key: readFileSync(join(directory.dataDir, 'admin-api-key'), 'utf8').trim(),
    dataDir: directory.dataDir,
    async startGateway(port) {
      const gateway = spawnPlatform(['gateway'], { DATA_DIR: directory.dataDir, PORT: String(port ?? (await freePort())) });
      const url = await Promise.race([
        gateway.says(/gateway: (http:\/\/127\.0\.0\.1:\d+)\/graphql/),
        gateway.ended.then((code) => {
          throw new Error(`the gateway ended (${code}):\n${gateway.output()}`);
        }),
      ]);
      const started = { ...gateway, url };
      running.push(started);
      return started;
    },
    async close() {
      for (const each of running.reverse()) {
        each.kill('SIGTERM');
        await each.ended;
      }
      directory.remove();
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

export async function newestPrice(url: string, coinId: string): Promise<{ usd: string; observedAt: string }> {
  const { coin } = await ask<{ coin: { price: { usd: string; observedAt: string } } }>(
    url,
    `{ coin(id: "${coinId}") { price { usd observedAt } } }`,
  );
  return coin.price;
}

/** As the operator does it: by the dialog behind the key. */
export async function giveKey(page: Page, key: string): Promise<void> {
  await page.getByRole('button', { name: "Give the operator's key" }).click();
  await page.getByLabel('Key', { exact: true }).fill(key);
  await page.getByRole('button', { name: 'Use this key' }).click();
  await page.getByRole('button', { name: "The operator's key is given" }).waitFor();
}
