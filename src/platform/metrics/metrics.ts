/**
 * The Prometheus metrics of one process: those that definitions.ts gives its role, and Node's own. Every sample says the role.
 * Must stay true: a scrape answers within its bound whatever a reading waits for, and then shows what was read last; whoever scrapes
 * often makes nobody read more often.
 */
import type pg from 'pg';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { within } from '../timeout.js';
import { METRICS, type MetricDefinition, type MetricName, type Role } from './definitions.js';

type Definitions = typeof METRICS;
type OfType<Type> = { [Name in MetricName]: Definitions[Name]['type'] extends Type ? Name : never }[MetricName];
type LabelOf<Name extends MetricName> = Definitions[Name] extends { labels: infer Labels } ? Extract<keyof Labels, string> : never;

/** What is read for a scrape, at most every so often, and shown at each. */
export interface Reading<State> {
  name: string;
  everyMs: number;
  read(): Promise<State>;
  /** Sets gauges; ages are as of now, however long ago it was read. */
  show(state: State): void;
}

const READING_TIMEOUT_MS = 2_000;

export class Metrics {
  readonly registry = new Registry();
  readonly contentType = this.registry.contentType;
  readonly #all = new Map<MetricName, Counter | Gauge | Histogram>();
  readonly #readings: (() => Promise<void>)[] = [];

  constructor(role: Role) {
    this.registry.setDefaultLabels({ role });
    collectDefaultMetrics({ register: this.registry });
    for (const [name, definition] of Object.entries(METRICS) as [MetricName, MetricDefinition][])
      if (role === 'up' || definition.roles.includes(role)) this.#all.set(name, create(name, definition, this.registry));
  }

  counter<Name extends OfType<'counter'>>(name: Name): Counter<LabelOf<Name>> {
    return this.#get(name) as Counter<LabelOf<Name>>;
  }

  gauge<Name extends OfType<'gauge'>>(name: Name): Gauge<LabelOf<Name>> {
    return this.#get(name) as Gauge<LabelOf<Name>>;
  }

  histogram<Name extends OfType<'histogram'>>(name: Name): Histogram<LabelOf<Name>> {
    return this.#get(name) as Histogram<LabelOf<Name>>;
  }

  /** Called at each scrape, for what costs nothing to ask. */
  onScrape(show: () => void): void {
    this.#readings.push(async () => show());
  }

  addReading<State>({ name, everyMs, read, show }: Reading<State>): void {
    let last: { state: State } | null = null;
    let readAt = Number.NEGATIVE_INFINITY;
    let underWay: Promise<void> | null = null;
    const readAnew = async () => {
      try {
        last = { state: await read() };
      } catch {
        this.counter('cdp_scrape_failures_total').inc({ reading: name });
      } finally {
        underWay = null;
      }
    };
    this.#readings.push(async () => {
      if (underWay === null && performance.now() - readAt >= everyMs) {
        readAt = performance.now();
        underWay = readAnew();
      }
      if (underWay !== null) await within(READING_TIMEOUT_MS, underWay, () => undefined);
      if (last !== null) show(last.state);
    });
  }

  async text(): Promise<string> {
    await Promise.all(this.#readings.map((show) => show()));
    return this.registry.metrics();
  }

  #get(name: MetricName): Counter | Gauge | Histogram {
    const metric = this.#all.get(name);
    if (metric === undefined) throw new Error(`${name} is not a metric of this role: see definitions.ts`);
    return metric;
  }
}

/** Connections of these pools by state, read when the metrics are. */
export function observePools(metrics: Metrics, pools: readonly pg.Pool[]): void {
  const connections = metrics.gauge('cdp_database_connections');
  metrics.onScrape(() => {
    const sum = (count: (pool: pg.Pool) => number) => pools.reduce((total, pool) => total + count(pool), 0);
    connections.set(
      { state: 'idle' },
      sum(({ idleCount }) => idleCount),
    );
    connections.set(
      { state: 'busy' },
      sum(({ totalCount, idleCount }) => totalCount - idleCount),
    );
    connections.set(
      { state: 'waiting' },
      sum(({ waitingCount }) => waitingCount),
    );
  });
}

function create(name: MetricName, definition: MetricDefinition, registry: Registry): Counter | Gauge | Histogram {
  const { type, help, labels = {}, buckets = [] } = definition;
  const options = { name, help, labelNames: Object.keys(labels), registers: [registry] };
  const metric =
    type === 'counter'
      ? new Counter(options)
      : type === 'gauge'
        ? new Gauge(options)
        : new Histogram({ ...options, buckets: [...buckets] });
  if (metric instanceof Counter) for (const values of combinations(labels)) metric.inc(values, 0);
  // One without labels would show 0 from here on: an age that nobody has read yet is none.
  if (metric instanceof Gauge && options.labelNames.length === 0) metric.remove();
  return metric;
}

/** Of labels whose values are all known; none where one is found at work. */
function combinations(labels: Readonly<Record<string, readonly string[] | null>>): Record<string, string>[] {
  let all: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    if (values === null) return [];
    all = all.flatMap((known) => values.map((value) => ({ ...known, [label]: value })));
  }
  return all;
}
