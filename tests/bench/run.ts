/**
 * `npm run bench [-- <name> …] [-- --smoke] [-- --write]`: measures, prints the table, and with --write keeps it in docs/benchmarks.md.
 * Exits with 1 where a figure misses its limit. --smoke: everything runs with small sizes, and nothing is judged.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { type BenchContext, type Benchmark, type Figure, passes } from './benchmark.js';
import { openTwoSizes, type TwoSizes } from './market/two-sizes.js';
import { timed } from './measure.js';
import { describeMachine, printTable, writePage } from './report.js';
import { daily } from './rows/daily.js';
import { gatewayCandles } from './rows/gateway-candles.js';
import { gatewayList } from './rows/gateway-list.js';
import { catchingUpOnKafka } from './rows/kafka/catching-up.js';
import { latencyOnKafka } from './rows/kafka/latency.js';
import { streamOnKafka } from './rows/kafka/stream.js';
import { lateTick } from './rows/late-tick.js';
import { latency } from './rows/latency.js';
import { memory } from './rows/memory.js';
import { rebuild } from './rows/rebuild.js';
import { start } from './rows/start.js';
import { stream } from './rows/stream.js';
import { subscribers } from './rows/subscribers.js';
import { type BenchPostgres, startBenchPostgres } from './setting/postgres.js';

const BENCHMARKS: readonly Benchmark[] = [
  stream,
  daily,
  lateTick,
  rebuild,
  gatewayList,
  gatewayCandles,
  subscribers,
  latency,
  memory,
  start,
  streamOnKafka,
  latencyOnKafka,
  catchingUpOnKafka,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { smoke: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
if (unknown.length > 0 || (values.write && (values.smoke || positionals.length > 0))) {
  console.error(`npm run bench [-- <name> … | -- --smoke | -- --write]; names: ${BENCHMARKS.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}

const say = (line: string) => console.error(`  ${line}`);
const machine = `${describeMachine()}, load at the start ${loadavg()
  .map((load) => load.toFixed(2))
  .join(' ')}`;
console.log(machine);
let server: Promise<BenchPostgres> | null = null;
let sizes: Promise<TwoSizes> | null = null;
const context: BenchContext = {
  smoke: values.smoke,
  say,
  postgres: () => (server ??= startBenchPostgres()),
  twoSizes: () => (sizes ??= openTwoSizes(context)),
};
const figures: Figure[] = [];
const { seconds } = await timed(async () => {
  try {
    for (const benchmark of BENCHMARKS) {
      if (positionals.length > 0 && !positionals.includes(benchmark.name)) continue;
      const { seconds, result } = await timed(() => benchmark.run(context));
      say(`${benchmark.name}: ${seconds.toFixed(0)} s`);
      figures.push(...result);
    }
  } finally {
    // A start that failed has been reported.
    for (const started of [server, sizes]) await (await started?.catch(() => null))?.stop();
  }
});
const facts = `${machine}; took ${(seconds / 60).toFixed(1)} minutes`;
printTable(figures, { judged: !values.smoke });
if (values.write) writePage(BENCHMARKS, figures, facts);
if (!values.smoke && !figures.every(passes)) process.exitCode = 1;
