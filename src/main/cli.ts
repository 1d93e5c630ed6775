#!/usr/bin/env node
/**
 * The command line: `cdp <role or command>`. Reads the configuration, runs the role's file beside this one or the command's in commands/,
 * and turns what became of it into an exit code: 0 asked to stop or done, 1 our fault or the configuration's, 75 try again.
 */
import { Command as Program } from 'commander';
import { EXIT_FAILURE, OperatorError } from '../domain/errors.js';
import { loadConfig } from '../platform/config.js';
import { runProcess } from '../platform/lifecycle.js';
import { createLogger } from '../platform/logger.js';
import type { Command, CommandOptions } from './command.js';

/** `file`: of a role beside this one; of a command, commands/<name>. */
async function run(file: string, options: CommandOptions = {}): Promise<void> {
  const name = file.replace('commands/', '');
  if (Number(process.versions.node.split('.')[0]) < 22) {
    process.stderr.write(`Node ${process.versions.node} is too old: 22 or newer is needed. \`npm run cdp -- ${name}\` brings its own.\n`);
    process.exit(EXIT_FAILURE);
  }
  process.exit(await exitCodeOf(file, options));
}

async function exitCodeOf(file: string, options: CommandOptions): Promise<number> {
  let config: ReturnType<typeof loadConfig>;
  try {
    config = loadConfig();
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  const logger = createLogger({ level: config.logLevel });
  return runProcess(logger, async (lifecycle) => {
    const { default: command } = (await import(`./${file}.js`)) as { default: Command };
    await command({ config, logger, lifecycle }, options);
  });
}

const program = new Program('cdp').description('Crypto Data Platform: from the source of prices to GraphQL.');
program
  .command('up')
  .description('everything in one process; without DATABASE_URL on an embedded Postgres')
  .action(() => run('up'));
program
  .command('gateway')
  .description('the GraphQL API')
  .action(() => run('gateway'));
program
  .command('worker')
  .description('schedules and runs the pipelines; migrates the schema')
  .action(() => run('worker'));
program
  .command('producer')
  .description('polls prices into the log (needs Kafka)')
  .action(() => run('producer'));
program
  .command('consumer')
  .description('takes prices from the log into the database (needs Kafka)')
  .action(() => run('consumer'));
program
  .command('migrate')
  .description('brings the schema up to date')
  .action(() => run('commands/migrate'));
program
  .command('run')
  .description('runs a pipeline now')
  .argument('<pipeline>', 'daily, restate, history, housekeeping or rebuild')
  .option('--date <D>', 'the logical date, YYYY-MM-DD')
  .action((pipeline: string, { date }: { date?: string }) => run('commands/run', { pipeline, date }));
program
  .command('status')
  .description('what the platform is doing')
  .action(() => run('commands/status'));
program
  .command('offsets')
  .description('how far the stream has come in its log; where to go on when the log is another one, or has more partitions')
  .argument('<action>', 'show, reset (where reading goes on) or record (the number of partitions)')
  .option('--partition <n>', 'of reset: this one; all that are refused if left out')
  .option('--to <place>', 'of reset: start, end or an offset; start if left out')
  .option('--force', "of record: also where a coin's prices would be read out of order")
  .action((action: string, options: { partition?: string; to?: string; force?: boolean }) =>
    run('commands/offsets', { action, ...options }),
  );
for (const [name, description] of [
  ['dead-letters', 'records of the log that could not be read, or that failed again and again'],
  ['rejected-rows', "rows that failed a dataset's validation"],
] as const)
  program
    .command(name)
    .description(`${description}: look at them, send them through again, or put them away`)
    .argument('<action>', 'list, show, redrive (through the log once more) or discard (kept, and not listed any more)')
    .argument('[ids...]', 'of show: one; of redrive and discard: some, or --all')
    .option('--all', 'of redrive and discard: all that wait')
    .option('--reason <text>', 'of redrive and discard with --all: those whose reason holds the text')
    .option('--limit <n>', 'of list: so many of the newest; 50 if left out')
    .action((action: string, ids: string[], options: { all?: boolean; reason?: string; limit?: string }) =>
      run(`commands/${name}`, { action, ids, ...options }),
    );
await program.parseAsync();
