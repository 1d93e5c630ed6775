/** `cdp migrate`: brings the schema of the database up to date; beside a running `up` too. */
import { OperatorError } from '../../domain/errors.js';
import { migrate } from '../../platform/postgres/migrate.js';
import type { CommandContext } from '../command.js';
import { attachPostgres, startPostgres } from '../foundation/foundation.js';

export default async function migrateCommand(context: CommandContext): Promise<void> {
  const applied = await migrate(await runningOrStarted(context));
  console.log(applied.length === 0 ? 'The schema is current: nothing to migrate.' : `Applied ${applied.join(', ')}.`);
}

async function runningOrStarted(context: CommandContext): Promise<string> {
  try {
    return attachPostgres(context);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return startPostgres(context); // nothing runs
  }
}
