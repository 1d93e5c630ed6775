/**
 * The deployment files name what is the code's: variables, ports, paths, the grace, partitions, metrics. They are read as text, as whoever
 * changes one of them in the code sees here where else it stands.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { VARIABLES } from '../../src/platform/config/variables.js';
import { DEFAULT_PORTS } from '../../src/platform/config.js';
import { PARTITIONS } from '../../src/platform/event-log/topics.js';
import { createHealth } from '../../src/platform/health.js';
import { GRACE_MS } from '../../src/platform/lifecycle.js';
import { METRICS } from '../../src/platform/metrics/definitions.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import { type OperationsServer, startOperationsServer } from '../../src/platform/operations-server.js';
import { projectRoot } from '../../src/platform/project-root.js';

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8');
const all = (text: string, pattern: RegExp) => Array.from(text.matchAll(pattern), (match) => match[1] as string);
const sorted = (values: Iterable<string>) => [...new Set(values)].sort();
const filesUnder = (path: string): string[] =>
  readdirSync(join(projectRoot, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('.terraform'))
    .map((entry) => join(entry.parentPath, entry.name).slice(projectRoot.length + 1));

const CHART = 'helm/crypto-data-platform';
const compose = read('docker/docker-compose.yml');
const dockerfile = read('docker/Dockerfile');
const roles = filesUnder(`${CHART}/templates/roles`).map(read).join('\n');
const pod = read(`${CHART}/templates/_pod.tpl`);
/** Set by the image and by nobody else. */
const IMAGE_ONLY = ['DATA_DIR', 'HOST', 'PORT'];
const SETTABLE = sorted(Object.keys(VARIABLES).filter((name) => !IMAGE_ONLY.includes(name)));

describe('variables', () => {
  test('compose hands every one of the platform to a role', () => {
    const own =
      compose.slice(0, compose.indexOf('services:')) + compose.slice(compose.indexOf('  gateway:'), compose.indexOf('  prometheus:'));
    expect(sorted(all(own, /^ +([A-Z][A-Z_]+):/gm))).toEqual(SETTABLE);
  });

  test('.env.template names what compose reads, and nothing else', () => {
    expect(sorted(all(read('docker/.env.template'), /^#?([A-Z][A-Z_]+)=/gm))).toEqual(sorted(all(compose, /\$\{([A-Z][A-Z_]+)/g)));
  });

  test("the chart's values take every one, as a setting or as a secret", () => {
    const { properties } = JSON.parse(read(`${CHART}/values.schema.json`));
    const config = Object.keys(properties.config.properties);
    const secrets = Object.keys(properties.secrets.properties.values.properties);
    expect([...config, ...secrets].sort()).toEqual(SETTABLE);
    expect(Object.keys(properties.secrets.properties.external.properties.keys.properties)).toEqual(secrets);
    expect(sorted(all(roles, /"([A-Z_]{8,})"/g))).toEqual(sorted(secrets));
    const source = read(`${CHART}/templates/_names.tpl`)
      .split('\n')
      .find((line) => line.includes('$source :=')) as string;
    expect(config).toEqual(expect.arrayContaining(all(source, /"([A-Z_]+)"/g)));
  });

  test('Terraform and the image set only what there is', () => {
    const named = [
      ...filesUnder('terraform')
        .filter((path) => path.endsWith('.tf'))
        .map(read),
      dockerfile.slice(dockerfile.lastIndexOf('FROM')),
    ].join('\n');
    const names = sorted(all(named, /\b([A-Z]{4,}(?:_[A-Z]+)+)\s*=/g)).filter((name) => !/^(NODE|HTTP_PORT|KUBECONFIG)/.test(name));
    expect(Object.keys(VARIABLES)).toEqual(expect.arrayContaining(names));
  });
});

describe('ports', () => {
  const ports = Object.entries(DEFAULT_PORTS).filter(([role]) => role !== 'up');

  test("a role's pod listens on its own", () => {
    expect(sorted(all(roles, /"component" "(\w+)" "values" \$v "port" \d+/g))).toEqual(sorted(ports.map(([role]) => role)));
    for (const [role, port] of ports) expect(roles).toContain(`"component" "${role}" "values" $v "port" ${port} `);
  });

  test('the image, its health check, compose, Prometheus and the load balancer know them', () => {
    expect(read('docker/healthcheck.mjs')).toContain(
      `const PORTS = { up: ${DEFAULT_PORTS.up}, gateway: ${ports
        .map(([role, port]) => `${role}: ${port}`)
        .join(', ')
        .slice(9)} };`,
    );
    expect(dockerfile).toContain(`EXPOSE ${sorted(ports.map(([, port]) => String(port))).join(' ')}\n`);
    expect(compose).toMatch(new RegExp(`GATEWAY_PORT:-${DEFAULT_PORTS.gateway}}:${DEFAULT_PORTS.gateway}'`));
    for (const [role, port] of ports)
      expect(read('docker/prometheus/prometheus.yml')).toContain(`names: [${role}], type: A, port: ${port}`);
    expect(read(`${CHART}/templates/network/gke.yaml`)).toContain(`port: ${DEFAULT_PORTS.gateway},`);
  });
});

describe('probes', () => {
  let server: OperationsServer;
  beforeAll(async () => {
    const options = { host: '127.0.0.1', port: 0, health: createHealth(), metrics: new Metrics('worker') };
    server = await startOperationsServer({ ...options, status: async () => ({}) });
  });
  afterAll(() => server.close());

  test('every path that is asked is served, by the roles and by the gateway', async () => {
    const asked = [
      pod,
      ...filesUnder(`${CHART}/templates/monitoring`).map(read),
      ...filesUnder(`${CHART}/templates/network`).map(read),
    ].join('\n');
    const paths = sorted([
      ...all(asked, /(?:httpGet: \{ path|requestPath|^ +path): (\/\w+)/gm),
      ...all(read('docker/healthcheck.mjs'), /\$\{port\}(\/\w+)/g),
    ]);
    expect(paths).toEqual(['/livez', '/metrics', '/readyz']);
    for (const path of paths) {
      expect([path, (await fetch(`${server.url}${path}`)).status]).toEqual([path, 200]);
      expect(read('graphql/server.ts')).toContain(`app.get('${path}'`);
    }
  });
});

test('nobody is killed while it stops: 5 s more than the platform takes', () => {
  expect(all(compose, /x-role[\s\S]*?stop_grace_period: (\d+)s/g).map(Number)).toEqual([GRACE_MS / 1_000 + 5]);
  expect(all(pod, /terminationGracePeriodSeconds: \{\{ add (\d+) \.drain/g).map(Number)).toEqual([GRACE_MS / 1_000 + 5]);
});

test('the chart is of the version of the platform', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  expect(all(read(`${CHART}/Chart.yaml`), /^(?:appV|v)ersion: (.*)$/gm)).toEqual([version, version]);
  expect(all(read('terraform/gke/terraform.tfvars.example'), /"v?(\d+\.\d+\.\d+)"/g)).toEqual([version, version]);
});

test('Node runs in the image as npm start runs it', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const flags = (command: string | undefined) => all(command ?? '', /(?:^|[\s"])(--[\w-]+=\d+)/g);
  expect(flags(scripts.start)).not.toEqual([]);
  expect(flags(scripts.cdp)).toEqual(flags(scripts.start));
  expect(flags(/^ENTRYPOINT .*$/m.exec(dockerfile)?.[0])).toEqual(flags(scripts.start));
});

test('consumers are at most as many as partitions', () => {
  expect(read(`${CHART}/values.yaml`)).toContain(`  partitions: ${PARTITIONS}\n`);
  expect(all(read(`${CHART}/values.yaml`), /\n {4}minReplicas: 1\n {4}maxReplicas: (\d+)/g).map(Number)).toEqual([PARTITIONS]);
});

test('Postgres takes the connections of as many processes as there may be', () => {
  const numberIn = (path: string, pattern: RegExp) => Number(all(read(path), pattern)[0]);
  const pools =
    numberIn('src/main/foundation/foundation.ts', /maxConnections: (\d+)/g) +
    numberIn('src/platform/postgres/database.ts', /MAX_PIPELINED_CONNECTIONS = (\d+)/g);
  const each = pools + 2; // leases, and LISTEN
  const ofGateways = numberIn(`${CHART}/values-gke.yaml`, /gateway:\n {2}autoscaling: .*maxReplicas: (\d+)/g);
  const files = {
    'docker/docker-compose.yml': 3 + PARTITIONS,
    [`${CHART}/templates/in-cluster/postgres.yaml`]: 3 + PARTITIONS,
    // Two workers and a producer; a gateway and a worker more during an upgrade.
    'terraform/modules/postgres/main.tf': ofGateways + 3 + PARTITIONS + 2,
  };
  for (const [path, processes] of Object.entries(files)) {
    const most = numberIn(path, /max_connections(?:=|"\n +value = ")(\d+)/g);
    expect([path, most > processes * each]).toEqual([path, true]);
    expect(read(path)).toContain(`holds up to ${each} connections`);
  }
});

test('every metric that is asked for is one of the code', () => {
  const asked = [...filesUnder('docker/prometheus'), ...filesUnder('docker/grafana'), ...filesUnder(`${CHART}/templates`)]
    .map(read)
    .join('\n');
  const names = sorted(all(asked, /\b(cdp_[a-z0-9_]+)/g)).map((name) =>
    name in METRICS ? name : name.replace(/_(bucket|sum|count)$/, ''),
  );
  expect(names.length).toBeGreaterThan(10);
  expect(Object.keys(METRICS)).toEqual(expect.arrayContaining(names));
});

test('the chart holds the rules and dashboards of docker/: `npm run deploy:copy`', async () => {
  const { COPIES } = (await import(join(projectRoot, 'helm/copy-monitoring.mjs'))) as { COPIES: [string, string, RegExp][] };
  for (const [from, to, wanted] of COPIES) {
    const names = readdirSync(from).filter((name) => wanted.test(name));
    expect(readdirSync(to)).toEqual(names);
    for (const name of names) expect(readFileSync(join(to, name), 'utf8')).toBe(readFileSync(join(from, name), 'utf8'));
  }
});

test('the image has the Node that the tests run on, and the flags of npm start', () => {
  const { devDependencies, scripts } = JSON.parse(read('package.json'));
  const flags = all(scripts.start, /(--\S+)/g);
  expect(dockerfile).toContain(`ENTRYPOINT ${JSON.stringify(['node', ...flags, '/app/dist/src/main/cli.js']).replaceAll(',', ', ')}`);
  expect(all(dockerfile, /node:(\d+)-slim/g)).toEqual([devDependencies.node.split('.')[0]]);
});

test('no secret gets into the state of Terraform, and every action is pinned', () => {
  const terraform = filesUnder('terraform')
    .filter((path) => path.endsWith('.tf'))
    .map(read)
    .join('\n');
  expect(terraform).not.toMatch(/\b(secret_data|root_password)\s*=/);
  expect(read('terraform/modules/postgres/main.tf')).not.toMatch(/\bpassword\s*=/);
  const uses = filesUnder('.github/workflows').flatMap((path) => all(read(path), /uses: (\S+)/g));
  expect(uses.filter((action) => !/@[0-9a-f]{40}$/.test(action))).toEqual(['./.github/workflows/ci.yml']);
});
