import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { cdp as runCdp } from '../../kit/command-line.js';
import { createEmptyDatabase } from '../../kit/test-database.js';

const dataDir = mkdtempSync(join(tmpdir(), 'cdp-cli-'));
afterAll(() => rmSync(dataDir, { recursive: true }));

const cdp = (args: string[], env: NodeJS.ProcessEnv = {}) => runCdp(args, { DATA_DIR: dataDir, ...env });

describe('cdp', () => {
  test('migrate makes the embedded database where there is none, and stops it again', async () => {
    expect(await cdp(['migrate'])).toMatchObject({ code: 0, out: expect.stringMatching(/Applied \d+_init/), err: '' });
    expect(existsSync(join(dataDir, 'postgres/data/PG_VERSION'))).toBe(true);
    expect(existsSync(join(dataDir, 'postgres/data/postmaster.pid'))).toBe(false);
    expect(await cdp(['migrate'])).toMatchObject({ code: 0, out: 'The schema is current: nothing to migrate.\n' });
  });

  test('migrate works on the database that is given', async () => {
    const { url, drop } = await createEmptyDatabase();
    expect(await cdp(['migrate'], { DATABASE_URL: url })).toMatchObject({ code: 0, out: expect.stringContaining('Applied') });
    await drop();
  });

  test('a database that cannot be reached is "try again", in words', async () => {
    const { code, err } = await cdp(['migrate'], { DATABASE_URL: 'postgresql://u:secret@127.0.0.1:1/x' });
    expect(code).toBe(75);
    expect(err).toBe(
      'The database x at 127.0.0.1:1 cannot be reached (ECONNREFUSED). Start it, or check the host and port in DATABASE_URL.\n',
    );
  });

  test('shows where an error came from only at LOG_LEVEL=debug', async () => {
    const { out, err } = await cdp(['migrate'], { DATABASE_URL: 'postgresql://u:secret@127.0.0.1:1/x', LOG_LEVEL: 'debug' });
    expect(out).toContain('connect.ts');
    expect(out + err).not.toContain('secret');
  });

  test('reports a bad configuration before anything starts', async () => {
    const { code, err } = await cdp(['migrate'], { PORT: 'x', LOG_LEVEL: 'y' });
    expect(code).toBe(1);
    expect(err).toMatch(/2 problems:\n {2}- PORT must be .*\n {2}- LOG_LEVEL must be/);
  });

  test('knows its commands', async () => {
    const { code, out } = await cdp(['--help']);
    expect(code).toBe(0);
    for (const name of [
      'up',
      'gateway',
      'worker',
      'producer',
      'consumer',
      'migrate',
      'run',
      'status',
      'offsets',
      'dead-letters',
      'rejected-rows',
    ])
      expect(out).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    expect((await cdp(['nonsense'])).code).toBe(1);
  });
});
