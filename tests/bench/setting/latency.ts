/** How old ticks are when a subscriber gets them, at 1,000 a second: the same for every log. */
import type { Figure } from '../benchmark.js';
import { quantile, readable, spreadOf } from '../measure.js';
import { coreTime } from './proc.js';
import { type Parts, startProgram, startTicks } from './processes.js';

const RATE = 1_000;
const WINDOW_SECONDS = 5;

interface LatencyRun {
  /** Of the row, for what is said meanwhile. */
  name: string;
  what: string;
  /** Left out where the figure only stands beside the one that decides. */
  atMostMs?: number;
  /** Where the ticks are appended. */
  ticks: { url: string; brokers?: string };
  gatewayUrl: string;
  /** So long everything warms up; what is measured meanwhile does not count. Default 5. */
  warmUpSeconds?: number;
  smoke: boolean;
  say(line: string): void;
}

/** One figure for each window. */
export async function measureLatency(parts: Parts, run: LatencyRun): Promise<Figure> {
  const { name, what, atMostMs, ticks, gatewayUrl, warmUpSeconds = WINDOW_SECONDS, smoke, say } = run;
  parts.add(await startTicks({ ...ticks, rate: RATE, everyMs: 1, consumes: false }));
  const subscriber = parts.add(await startProgram('latency-subscriber', `${gatewayUrl.replace('http', 'ws')}/graphql`));
  const [p50, p99, counts]: [number[], number[], number[]] = [[], [], []];
  await subscriber.ask({ seconds: smoke ? 0.5 : warmUpSeconds });
  const before = coreTime();
  for (let window = 0; window < (smoke ? 1 : 8); window++) {
    const seconds = smoke ? 0.5 : WINDOW_SECONDS;
    const ages = await subscriber.ask<number[]>({ seconds });
    p50.push(quantile(ages, 0.5));
    p99.push(quantile(ages, 0.99));
    counts.push(ages.length / seconds);
    say(`${name}: p50 ${p50.at(-1)?.toFixed(0)} ms, p99 ${p99.at(-1)?.toFixed(0)} ms, ${counts.at(-1)?.toFixed(0)}/s`);
  }
  const received = spreadOf(counts).median;
  if (!smoke && received < RATE * 0.95) throw new Error(`only ${received} of ${RATE} ticks/s arrived`);
  const from = `p50 ${readable(spreadOf(p50).median)} ms, ${received.toFixed(0)} received a second${coresSince(before)}`;
  return { what, value: spreadOf(p99), unit: 'ms', ...(atMostMs === undefined ? {} : { limit: { atMost: atMostMs } }), from };
}

/** How full the machine was, and how much of its time its host gave to others: what of a tail may be the machine's. */
function coresSince(before: ReturnType<typeof coreTime>): string {
  const now = coreTime();
  if (before === null || now === null) return '';
  const share = (of: 'idle' | 'stolen') => Math.round((100 * (now[of] - before[of])) / (now.all - before.all));
  return `; cores ${100 - share('idle') - share('stolen')} % busy, ${share('stolen')} % stolen`;
}
