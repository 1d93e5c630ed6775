/**
 * Prometheus's rules hold to their own tests (promtool, of Debian's package prometheus), ask only for metrics that exist, and each alert
 * has its page. Without promtool the first says so loudly, and fails where REQUIRE_PROMTOOL=1.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { MOST_CONNECTIONS } from '../../graphql/live/web-socket.js';
import { METRICS } from '../../src/platform/metrics/definitions.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import { projectRoot } from '../../src/platform/project-root.js';
import { listFiles, readFile } from '../architecture/source-files.js';

const FOLDER = 'docker/prometheus';
const rules = ['recording.yml', 'alerts.yml'].map((name) => readFile(`${FOLDER}/${name}`)).join('\n');
const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map((match) => match[1] as string);
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

function promtool(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: join(projectRoot, FOLDER), encoding: 'utf8' });
  return status === 0 ? 'well' : `${stdout}${stderr}`;
}

describe('the rules', () => {
  test('are what Prometheus understands, and fire as they should', () => {
    if (!hasPromtool && process.env.REQUIRE_PROMTOOL !== '1')
      return console.warn("PROMTOOL IS MISSING: the alerts were not tested. It is in Debian's package prometheus.");
    expect(promtool('check', 'config', 'prometheus.yml')).toBe('well');
    expect(promtool('test', 'rules', 'alerts.test.yml')).toBe('well');
  });

  test('each have a case in which they fire', () => {
    const cases = [...readFile(`${FOLDER}/alerts.test.yml`).matchAll(/- alertname: (\w+)/g)].map((match) => match[1]);
    expect([...new Set(cases)].sort()).toEqual([...alerts].sort());
  });

  test('ask for metrics that the platform has, or Node', () => {
    const asked = new Set(
      [...rules.matchAll(/\b(?<!record: )(cdp_[a-z_]+|nodejs_[a-z0-9_]+|process_[a-z_]+)/g)].map((match) => match[1] as string),
    );
    const known = (name: string) =>
      name in METRICS ||
      name.replace(/_(bucket|sum|count)$/, '') in METRICS ||
      new Metrics('worker').registry.getSingleMetric(name) !== undefined;
    expect([...asked].filter((name) => !known(name))).toEqual([]);
    expect(asked.size).toBeGreaterThan(20);
  });

  test('record nothing that nobody asks for', () => {
    const askers = listFiles().filter((path) => /^(docs|docker\/grafana)\/|^docker\/prometheus\/alerts\.yml$/.test(path));
    const asked = askers.map(readFile).join('\n');
    const recorded = [...rules.matchAll(/record: (\S+)/g)].map((match) => match[1] as string);
    expect(recorded.length).toBeGreaterThan(0);
    expect(recorded.filter((name) => !asked.includes(name))).toEqual([]);
  });

  test('know how many connections a gateway takes', () => {
    const [, from, most] = /cdp_websocket_connections\) > (\d+)[\s\S]*?from (\d+) on it refuses/.exec(rules) ?? [];
    expect([from, most].map(Number)).toEqual([0.9 * MOST_CONNECTIONS, MOST_CONNECTIONS]);
  });

  test('name a runbook that exists and speaks of the alert', () => {
    const pages = [...rules.matchAll(/- alert: (\w+)[\s\S]*?runbook: (\S+)/g)].map(([, alert, page]) => ({ alert, page: page as string }));
    expect(pages.map(({ alert }) => alert)).toEqual(alerts);
    const index = readFile('docs/runbooks/README.md');
    for (const { alert, page } of pages) {
      expect([page, existsSync(join(projectRoot, page))]).toEqual([page, true]);
      expect(`${readFile(page)}${index}`).toContain(alert);
      expect(index).toContain(`| ${alert} |`);
    }
  });
});
