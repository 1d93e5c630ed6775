/** `cdp run <pipeline> [--date D]`: asks for one run and sees it through; beside a running platform its worker executes it. */
import { runPipelineOnce } from '../../../jobs/worker.js';
import { OperatorError } from '../../domain/errors.js';
import type { CommandContext, CommandOptions } from '../command.js';
import { attachPostgres, startFoundation } from '../foundation/foundation.js';
import { startSource } from '../worker.js';

export default async function run(context: CommandContext, { pipeline = '', date }: CommandOptions): Promise<void> {
  const { config, logger, lifecycle } = context;
  const foundation = await startFoundation(context, 'run', attachPostgres(context), { migrates: false });
  const source = await startSource(context, foundation);
  const options = { ...foundation, source, config, logger };
  const { run: ended, tasks } = await runPipelineOnce(options, { pipeline, date: date ?? null }, lifecycle.signal);
  for (const task of tasks) console.log(`${task.name.padEnd(20)} ${task.status.toLowerCase().padEnd(10)} ${task.error ?? ''}`.trimEnd());
  const what = `${ended.pipeline}${ended.logicalDate === null ? '' : ` of ${ended.logicalDate}`}`;
  if (ended.status === 'FAILED') throw new OperatorError(`${what} failed: ${ended.error}`);
  console.log(`${what}: ${ended.status.toLowerCase()} (attempt ${ended.attempt})`);
}
