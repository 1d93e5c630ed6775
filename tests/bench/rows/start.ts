/** From the start of the process to ready, on an empty directory and on one that is in use. */
import type { Benchmark } from '../benchmark.js';
import { spreadOf, timed } from '../measure.js';
import { DataDir, startUp } from '../setting/whole-platform.js';

export const start: Benchmark = {
  name: 'start',
  about:
    '`cdp up` with its defaults (100 coins, simulator): from the start of the process until it says that it is ready, which the first time ' +
    'includes making the Postgres, the schema and the marts of a year. The build, which `npm start` does first where something changed, and npm ' +
    'itself are left out.',
  async run({ smoke, say }) {
    const [first, later]: [number[], number[]] = [[], []];
    const env: Record<string, string> = smoke ? { COINS: '10' } : {};
    for (let round = 0; round < (smoke ? 1 : 3); round++) {
      await using dataDir = new DataDir();
      for (const into of [first, later]) {
        const { seconds, result: platform } = await timed(() => startUp(dataDir.path, env));
        into.push(seconds);
        await platform.stop();
      }
      say(`start: first ${first.at(-1)?.toFixed(1)} s, later ${later.at(-1)?.toFixed(1)} s`);
    }
    return [
      { what: 'first start to ready', value: spreadOf(first), unit: 's', limit: { atMost: 30 } },
      { what: 'later start to ready', value: spreadOf(later), unit: 's', limit: { atMost: 5 } },
    ];
  },
};
