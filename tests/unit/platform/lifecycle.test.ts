/** Real processes, real signals. */
import { spawn } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { projectRoot } from '../../../src/platform/project-root.js';

interface Outcome {
  code: number | null;
  said: string[];
  logged: string;
}

/** Runs the scenario; `signals` are sent one by one, each when the text that it waits for has been said. */
async function run(scenario: string, ...signals: [after: string, signal: NodeJS.Signals][]): Promise<Outcome> {
  const args = ['--import', './tests/kit/typescript-hooks.mjs', './tests/kit/programs/lifecycle.ts', scenario];
  const child = spawn(process.execPath, args, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let logged = '';
  const signal = () => {
    const [after, name] = signals[0] ?? [];
    if (after === undefined || !(said + logged).includes(after)) return;
    signals.shift();
    child.kill(name);
  };
  child.stdout.on('data', (chunk) => {
    said += chunk;
    signal();
  });
  child.stderr.on('data', (chunk) => {
    logged += chunk;
    signal();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, said: said.trim().split('\n'), logged };
}

const STARTED = ['start database', 'start log', 'start server'];
const STOPPED = ['stop server', 'stop log', 'stop database'];

describe('a process', () => {
  test('that is done stops its parts in reverse and ends with 0', async () => {
    expect(await run('done')).toMatchObject({ code: 0, said: [...STARTED, 'stopping', ...STOPPED] });
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('that gets %s stops its parts in reverse and ends with 0', async (signal) => {
    const { code, said } = await run('stay', ['start server', signal]);
    expect(code).toBe(0);
    expect(said.filter((text) => text !== 'composed')).toEqual([...STARTED, 'stopping', ...STOPPED]);
  });

  test('that is asked to stop while it starts waits for the part that is starting, and starts no more', async () => {
    const { code, said } = await run('slow start', ['start log', 'SIGTERM']);
    expect({ code, said }).toEqual({ code: 0, said: ['start database', 'start log', 'stopping', 'stop log', 'stop database'] });
  });

  test('ends at once at the second Ctrl-C', async () => {
    const { code, said, logged } = await run('slow stop', ['start server', 'SIGINT'], ['still stopping', 'SIGINT']);
    expect(code).toBe(1);
    expect(said).not.toContain('stop database');
    expect(logged).toContain('SIGINT again: ending at once');
  });

  test('takes a signal that comes twice at once for one: the terminal sends it, and npm passes it on', async () => {
    const { code, said } = await run('doubled signal', ['start server', 'SIGINT']);
    expect(code).toBe(0);
    expect(said.at(-1)).toBe('stop database');
  });

  test('does not wait for ever for a part that hangs, and names it', async () => {
    const { code, logged } = await run('hanging stop', ['start server', 'SIGTERM']);
    expect(code).toBe(1);
    expect(logged).toContain('log did not stop within 0.3 s');
  });

  test('stops the other parts where one fails to, and ends with 1', async () => {
    const { code, said, logged } = await run('failing stop', ['start server', 'SIGTERM']);
    expect(code).toBe(1);
    expect(said).toContain('stop database');
    expect(logged).toMatch(/stuck.*log did not stop cleanly/);
  });

  test("says an operator's error without a stack, and ends with its code", async () => {
    const { code, said, logged } = await run('operator error');
    expect({ code, logged }).toEqual({ code: 75, logged: 'No coffee. Buy some.\n' });
    expect(said).toEqual(['start database', 'start log', 'stopping', 'stop log', 'stop database']);
  });

  test('stops where a part fails later', async () => {
    const { code, said, logged } = await run('failing part');
    expect({ code, logged }).toEqual({ code: 75, logged: 'The log is gone. Start it.\n' });
    expect(said).toEqual([...STARTED, 'stopping', ...STOPPED]);
  });

  test.each([
    ['bug', 'x is not a function'],
    ['unhandled rejection', 'forgotten'],
    ['uncaught exception', 'is not a function'],
  ])('logs a %s with its stack, stops its parts and ends with 1', async (scenario, message) => {
    const { code, said, logged } = await run(scenario);
    expect(code).toBe(1);
    const entry = JSON.parse(logged.trim().split('\n')[0] as string);
    expect(entry).toMatchObject({
      level: 60,
      err: { message: expect.stringContaining(message), stack: expect.stringContaining('lifecycle.ts') },
    });
    expect(said.at(-1)).toBe('stop database');
  });
});
