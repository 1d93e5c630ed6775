/** What Grafana is provisioned with fits the platform: its queries are valid for the schema and cost no more than allowed, its metrics exist. */
import { describe, expect, test } from '@jest/globals';
import { buildSchema, type DocumentNode, parse, validate } from 'graphql';
import { checkCost } from '../../graphql/limits.js';
import { schema } from '../../graphql/schema.js';
import { METRICS } from '../../src/platform/metrics/definitions.js';
import { listFiles, readFile } from '../architecture/source-files.js';

interface Target {
  datasource?: { type: string; uid: string };
  url?: string;
  url_options?: { method: string; body_graphql_query: string; body_graphql_variables: string };
  root_selector?: string;
  columns?: { selector: string }[];
  expr?: string;
}

/** Every object of the dashboard that asks something. */
function targetsOf(value: unknown): Target[] {
  if (typeof value !== 'object' || value === null) return [];
  const target = value as Target;
  const own = target.url_options !== undefined || typeof target.expr === 'string' ? [target] : [];
  return [...own, ...Object.values(value).flatMap(targetsOf)];
}

const dashboards = listFiles()
  .filter((path) => path.startsWith('docker/grafana/dashboards/'))
  .map((path) => ({ path, targets: targetsOf(JSON.parse(readFile(path))) }));
const graphql = dashboards.flatMap(({ path, targets }) =>
  targets.filter(({ url_options }) => url_options).map((target) => ({ path, target })),
);

/** As Grafana fills them in. */
function variablesOf(text: string): Record<string, unknown> {
  const filled = text
    .replace(/\$\{coins:json\}/g, '["bitcoin","ethereum"]')
    .replace(/\$\{__from:date:iso\}/g, '2026-03-01T00:00:00.000Z')
    .replace(/\$\{__to:date:iso\}/g, '2026-03-10T00:00:00.000Z')
    .replace(/\$\{__from:date:YYYY-MM-DD\}/g, '2026-03-01')
    .replace(/\$\{__to:date:YYYY-MM-DD\}/g, '2026-03-10')
    .replace(/\$coin\b/g, 'bitcoin');
  expect(filled).not.toContain('$');
  return JSON.parse(filled);
}

describe('the dashboards', () => {
  test('ask datasources that are provisioned', () => {
    const provisioned = [...readFile('docker/grafana/provisioning/datasources/crypto.yaml').matchAll(/uid: (\S+)/g)].map(
      (match) => match[1],
    );
    const used = new Set(dashboards.flatMap(({ targets }) => targets.map(({ datasource }) => datasource?.uid)));
    expect([...used].filter((uid) => uid !== undefined && !provisioned.includes(uid))).toEqual([]);
    expect(dashboards).toHaveLength(3);
    expect(graphql.length).toBeGreaterThan(10);
  });

  test('send queries that the schema knows, one operation each, by POST, and not too large', () => {
    const words = buildSchema(readFile('graphql/schema.graphql'));
    for (const { path, target } of graphql) {
      const options = target.url_options as NonNullable<Target['url_options']>;
      const document: DocumentNode = parse(options.body_graphql_query);
      expect([path, validate(words, document)]).toEqual([path, []]);
      expect(document.definitions).toHaveLength(1);
      expect([target.url, options.method]).toEqual(['/graphql', 'POST']);
      const variables = variablesOf(options.body_graphql_variables);
      expect(checkCost({ schema, document, variables })).toBeNull();
    }
  });

  test('draw metrics that exist', () => {
    const asked = dashboards.flatMap(({ targets }) => targets.flatMap(({ expr = '' }) => expr.match(/\bcdp_[a-z_]+/g) ?? []));
    const known = (name: string) => name in METRICS || name.replace(/_(bucket|sum|count)$/, '') in METRICS;
    expect(asked.length).toBeGreaterThan(30);
    expect(asked.filter((name) => !known(name))).toEqual([]);
  });

  test('are drawn by a plugin of one version, as Grafana is: the newest one would come with every new volume', () => {
    const [, wanted] = /GF_PLUGINS_PREINSTALL: (\S+)/.exec(readFile('docker/docker-compose.yml')) ?? [];
    expect(wanted).toMatch(/^yesoreyeram-infinity-datasource@\d+\.\d+\.\d+$/);
  });
});
