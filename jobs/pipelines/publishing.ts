/** How the pipelines publish: whatever stands between the newest published day and theirs first, in order, and an outcome for their run. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, SECOND, type UtcDate } from '../../src/domain/time.js';
import { isRebuildUnderWay } from '../../src/store/pipelines/publishing.js';
import type { RunContext, TaskOutcome } from '../runtime/pipeline.js';
import { type PublishResult, publish } from '../runtime/publish.js';

const POLL_MS = SECOND;

/**
 * `through` null: only what is published already, made anew where it changed. While a rebuild is under way it does that, and a new day
 * waits for it.
 */
export async function publishDays(
  { db, fence, logger, signal }: RunContext,
  { through, clock, rebuild }: { through: UtcDate | null; clock: Clock; rebuild?: boolean },
): Promise<TaskOutcome> {
  let rows = 0;
  for (let day = through; ; ) {
    signal.throwIfAborted();
    const result = await publish(db, { through: day, fence, clock, rebuild });
    if (result.outcome === 'out-of-order') {
      logger.warn(`${result.expected} has not been published; it comes before ${day}`);
      day = result.expected;
      continue;
    }
    if (result.outcome === 'rebuild-under-way' && day !== null) {
      logger.info(`${day} is published once the rebuild that is under way has ended`);
      while (await isRebuildUnderWay(db.pool, clock.now())) await sleep(POLL_MS, undefined, { signal });
      continue;
    }
    if (result.outcome !== 'published') return toOutcome(result);
    for (const change of result.changes.values()) rows += change.written + change.deleted;
    const warned = result.checks.filter((check) => check.status === 'WARNED');
    for (const check of warned) logger.warn(`${check.dataset}: ${check.message}`);
    if (result.refusedMarks > 0)
      logger.warn(`${result.refusedMarks} changed days were left as they are: their raw prices are gone (RETENTION_DAYS)`);
    if (through === null || day === null || day >= through) return { rows };
    day = through;
  }
}

function toOutcome(result: Exclude<PublishResult, { outcome: 'published' | 'out-of-order' }>): TaskOutcome {
  switch (result.outcome) {
    case 'nothing-to-do':
      return { skipped: 'nothing has changed' };
    case 'rebuild-under-way':
      return { skipped: 'a rebuild is under way, which publishes everything' };
    case 'day-not-over':
      return { failed: `${result.through} has not ended yet` };
    case 'checks-failed': {
      const broken = result.checks.filter((check) => check.status === 'FAILED');
      return {
        failed: `not published, ${broken.length === 1 ? 'a check' : `${broken.length} checks`} failed: ${broken.map((check) => `${check.dataset}: ${check.message}`).join('; ')}`,
      };
    }
    case 'lost':
      throw new Error(`the publish was rolled back: ${result.reason}`);
  }
}
