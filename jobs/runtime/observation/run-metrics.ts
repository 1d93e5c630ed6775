/** What a worker counts of the runs that it executes. */
import type { Metrics } from '../../../src/platform/metrics/metrics.js';
import { PIPELINES } from '../../../src/store/pipelines/runs.js';

export type RunEnd = 'succeeded' | 'failed' | 'skipped' | 'left';

export interface RunMetrics {
  ended(pipeline: string, outcome: RunEnd, elapsedMs: number): void;
}

export function createRunMetrics(metrics: Metrics): RunMetrics {
  const runs = metrics.counter('cdp_runs_total');
  const seconds = metrics.histogram('cdp_run_duration_seconds');
  for (const pipeline of Object.keys(PIPELINES))
    for (const outcome of ['succeeded', 'failed', 'skipped', 'left'] as const) runs.inc({ pipeline, outcome }, 0);
  return {
    ended(pipeline, outcome, elapsedMs) {
      runs.inc({ pipeline, outcome });
      if (outcome !== 'left') seconds.observe({ pipeline }, elapsedMs / 1_000);
    },
  };
}
