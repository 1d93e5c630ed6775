/** The registry of a role, readings for scrapes, and the page that is made from the definitions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { METRICS } from '../../../src/platform/metrics/definitions.js';
import { Metrics } from '../../../src/platform/metrics/metrics.js';
import { metricsPage } from '../../../src/platform/metrics/page.js';
import { projectRoot } from '../../../src/platform/project-root.js';

test('docs/metrics.md is made from the definitions (npm run docs:config)', () => {
  expect(readFileSync(join(projectRoot, 'docs/metrics.md'), 'utf8')).toBe(metricsPage());
});

test('names carry the unit or _total, as Prometheus has it', () => {
  for (const [name, { type }] of Object.entries(METRICS)) {
    expect(name).toMatch(/^cdp_[a-z_]+$/);
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
  }
});

describe('the metrics of a role', () => {
  test("are its own and no other role's; `up` has all", () => {
    const producer = new Metrics('producer');
    producer.counter('cdp_producer_polls_total').inc({ outcome: 'failed' });
    expect(() => producer.counter('cdp_runs_total')).toThrow('cdp_runs_total is not a metric of this role');
    const up = new Metrics('up');
    for (const name of Object.keys(METRICS)) expect(up.registry.getSingleMetric(name)).toBeDefined();
  });

  test('counters whose labels are known begin at 0', async () => {
    const text = await new Metrics('gateway').text();
    expect(text).toContain('cdp_graphql_documents_total{cache="miss",role="gateway"} 0');
    expect(text).toContain('cdp_subscription_deliveries_total{role="gateway"} 0');
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds{role="gateway"}');
  });

  test('gauges are not there until they are set: an age that nobody has read is not 0', async () => {
    const metrics = new Metrics('worker');
    const samples = async () => (await metrics.text()).split('\n').filter((line) => line.startsWith('cdp_published_day_age_seconds'));
    expect(await samples()).toEqual([]);
    metrics.gauge('cdp_published_day_age_seconds').set(7);
    expect(await samples()).toEqual(['cdp_published_day_age_seconds{role="worker"} 7']);
  });
});

describe('a reading', () => {
  test('is taken no more often than it may be, and shown at each scrape', async () => {
    const metrics = new Metrics('worker');
    let [read, shown] = [0, 0];
    metrics.addReading({ name: 'r', everyMs: 3_600_000, read: async () => ++read, show: () => void shown++ });
    await metrics.text();
    await metrics.text();
    expect([read, shown]).toEqual([1, 2]);
  });

  test('that fails is counted, and what was read before is shown', async () => {
    const metrics = new Metrics('worker');
    const letters = metrics.gauge('cdp_dead_letters');
    const answers = [async () => 7, () => Promise.reject(new Error('the database is away'))];
    metrics.addReading({ name: 'r', everyMs: 0, read: () => (answers.shift() as () => Promise<number>)(), show: (n) => letters.set(n) });
    await metrics.text();
    const text = await metrics.text();
    expect(text).toContain('cdp_dead_letters{role="worker"} 7');
    expect(text).toContain('cdp_scrape_failures_total{reading="r",role="worker"} 1');
  });

  test('that never ends holds up no scrape, and is asked once', async () => {
    const metrics = new Metrics('worker');
    let asked = 0;
    const read = () => {
      asked++;
      return new Promise<never>(() => {});
    };
    metrics.addReading({ name: 'r', everyMs: 0, read, show: () => {} });
    await metrics.text();
    expect(await metrics.text()).toContain('process_cpu_user_seconds_total');
    expect(asked).toBe(1);
  });
});
