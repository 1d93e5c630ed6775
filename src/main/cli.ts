#!/usr/bin/env node
/**
 * The command line: `cdp <role or command>`. Reads the configuration, runs the command's own file beside this one, and turns what became
 * of it into an exit code: 0 asked to stop or done, 1 our fault or the configuration's, 75 try again.
 */
import { Command as Program } from 'commander';
import { EXIT_FAILURE, OperatorError } from '../domain/errors.js';
import { loadConfig } from '../platform/config.js';
import { runProcess } from '../platform/lifecycle.js';
import { createLogger } from '../platform/logger.js';
import type { Command, CommandOptions } from './command.js';

async function run(name: string, options: CommandOptions = {}): Promise<void> {
  if (Number(process.versions.node.split('.')[0]) < 22) {
    process.stderr.write(`Node ${process.versions.node} is too old: 22 or newer is needed. \`npm run cdp -- ${name}\` brings its own.\n`);
    process.exit(EXIT_FAILURE);
  }
  process.exit(await exitCodeOf(name, options));
}

async function exitCodeOf(name: string, options: CommandOptions): Promise<number> {
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
    const { default: command } = (await import(`./${name}.js`)) as { default: Command };
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
  .action(() => run('migrate'));
program
  .command('run')
  .description('runs a pipeline now')
  .argument('<pipeline>', 'daily, restate, history, housekeeping or rebuild')
  .option('--date <D>', 'the logical date, YYYY-MM-DD')
  .action((pipeline: string, { date }: { date?: string }) => run('run', { pipeline, date }));
program
  .command('status')
  .description('what the platform is doing')
  .action(() => run('status'));
program
  .command('offsets')
  .description('how far the stream has come in its log; where to go on when the log is another one, or has more partitions')
  .argument('<action>', 'show, reset (where reading goes on) or record (the number of partitions)')
  .option('--partition <n>', 'of reset: this one; all that are refused if left out')
  .option('--to <place>', 'of reset: start, end or an offset; start if left out')
  .option('--force', "of record: also where a coin's prices would be read out of order")
  .action((action: string, options: { partition?: string; to?: string; force?: boolean }) => run('offsets', { action, ...options }));
await program.parseAsync();
