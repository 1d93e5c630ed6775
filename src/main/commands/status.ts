/** `cdp status`: what the running platform is doing, read from its database. */
import type { HistoryProgress } from '../../store/pipelines/history.js';
import { getStatus } from '../../store/status.js';
import type { CommandContext } from '../command.js';
import { startEventLog } from '../foundation/event-log.js';
import { openCommandDatabase } from '../foundation/foundation.js';

export default async function status(context: CommandContext): Promise<void> {
  const db = await openCommandDatabase(context, 'status');
  const log = await startEventLog(context, 'status', db);
  const { newestObservationAt, history, datasets, runs, log: prices } = await getStatus(db.pool, log, new Date());
  const at = (instant: Date | null) => instant?.toISOString() ?? 'never';
  console.log(`newest price   ${at(newestObservationAt)}`);
  console.log(`history        ${describeHistory(history)}`);
  console.log(
    `log            ${'partitions' in prices ? `${prices.partitions.reduce((lag, each) => lag + each.lag, 0n)} records wait` : prices.unreachable}`,
  );
  console.log('\ndataset                        version  published through  written');
  for (const each of datasets)
    console.log(
      `${each.name.padEnd(30)} ${String(each.version).padStart(7)}  ${(each.publishedThrough ?? '').padEnd(17)}  ${at(each.writtenAt)}`,
    );
  console.log('\nrun       pipeline      date        status     attempt  requested');
  for (const run of runs) {
    console.log(
      `${String(run.id).padEnd(9)} ${run.pipeline.padEnd(13)} ${(run.logicalDate ?? '').padEnd(11)} ${run.status.toLowerCase().padEnd(10)} ${String(run.attempt).padEnd(8)} ${at(run.requestedAt)}`,
    );
  }
}

function describeHistory(progress: HistoryProgress | null): string {
  if (progress === null) return 'complete';
  const { intervalsDone, intervalsTotal, estimatedFinishAt } = progress;
  if (intervalsTotal === 0) return 'nobody has looked yet for what is missing: is a worker up?';
  return `${intervalsDone} of ${intervalsTotal} intervals, done at ${estimatedFinishAt?.toISOString() ?? 'an unknown time'}`;
}
