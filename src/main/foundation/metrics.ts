/** The metrics of a role, and those of the database, which each worker shows. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { endOfDay } from '../../domain/time.js';
import type { Health } from '../../platform/health.js';
import type { Role } from '../../platform/metrics/definitions.js';
import { Metrics, observePools } from '../../platform/metrics/metrics.js';
import type { Database } from '../../platform/postgres/database.js';
import { projectRoot } from '../../platform/project-root.js';
import { countChecks, getVitalSigns, type VitalSigns } from '../../store/pipelines/vital-signs.js';

const READ_EVERY_MS = 5_000;
const COUNT_CHECKS_EVERY_MS = 60_000;

export const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string };

export function startMetrics(role: Role, databases: readonly Database[], health: Health): Metrics {
  const metrics = new Metrics(role);
  metrics.gauge('cdp_build_info').set({ version }, 1);
  observePools(
    metrics,
    databases.map(({ pool }) => pool),
  );
  const stuck = metrics.gauge('cdp_stuck_loops');
  metrics.onScrape(() => stuck.set(health.heartbeats.stuck().length));
  return metrics;
}

export function observeDatabase(metrics: Metrics, db: Database): void {
  metrics.addReading({
    name: 'database',
    everyMs: READ_EVERY_MS,
    read: () => getVitalSigns(db.pool),
    show: (signs) => show(metrics, signs),
  });
  const checks = metrics.gauge('cdp_checks');
  metrics.addReading({
    name: 'checks',
    everyMs: COUNT_CHECKS_EVERY_MS,
    read: () => countChecks(db.pool),
    show(counts) {
      for (const { dataset, result, count } of counts) checks.set({ dataset, result }, count);
    },
  });
}

function show(metrics: Metrics, signs: VitalSigns): void {
  const age = (at: Date) => (Date.now() - at.getTime()) / 1_000;
  const datasets = metrics.gauge('cdp_dataset_age_seconds');
  for (const [name, writtenAt] of signs.datasets) datasets.set({ dataset: name }, age(writtenAt));
  const sources = metrics.gauge('cdp_source_age_seconds');
  for (const { name, newestAt } of signs.sources) sources.set({ source: name }, age(newestAt));
  if (signs.publishedThrough !== null) metrics.gauge('cdp_published_day_age_seconds').set(age(endOfDay(signs.publishedThrough)));
  const successes = metrics.gauge('cdp_run_last_success_age_seconds');
  for (const { pipeline, at } of signs.successes) successes.set({ pipeline }, age(at));
  metrics.gauge('cdp_runs_open').set({ status: 'queued' }, signs.openRuns.queued);
  metrics.gauge('cdp_runs_open').set({ status: 'running' }, signs.openRuns.running);
  const gaps = metrics.gauge('cdp_gaps');
  for (const { source, count } of signs.gaps) gaps.set({ source }, count);
  metrics.gauge('cdp_dead_letters').set(signs.deadLetters);
  const outbox = metrics.gauge('cdp_outbox_batches');
  outbox.reset();
  for (const { target, batches } of signs.outbox) outbox.set({ target }, batches);
}
