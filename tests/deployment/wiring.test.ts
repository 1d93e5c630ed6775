/**
 * What one deployment file says of another, and of the code's commands, addresses and exit codes: names that only meet in a running system,
 * where a slip shows as a time-out.
 */
import { describe, expect, test } from '@jest/globals';
import { EXIT_FAILURE } from '../../src/domain/errors.js';
import { VARIABLES } from '../../src/platform/config/variables.js';
import { DEFAULT_PORTS } from '../../src/platform/config.js';
import { listFiles, readFile } from '../architecture/source-files.js';

const all = (text: string, pattern: RegExp) => Array.from(text.matchAll(pattern), (match) => match[1] as string);
const sorted = (values: Iterable<string>) => [...new Set(values)].sort();
const under = (folder: string) => listFiles().filter((path) => path.startsWith(`${folder}/`));

const CHART = 'helm/crypto-data-platform';
const compose = readFile('docker/docker-compose.yml');
const services = all(compose.slice(compose.indexOf('services:'), compose.indexOf('\nvolumes:')), /^ {2}(\w+):$/gm);
const workflows = under('.github/workflows').map(readFile).join('\n');
const roles = Object.keys(DEFAULT_PORTS).filter((role) => role !== 'up');

describe('compose', () => {
  test('has each role as a service that runs it, and the migration before them', () => {
    const commands = Array.from(compose.matchAll(/^ {2}(\w+):\n(?: {4}.*\n)*? {4}command: \[(\w+)\]$/gm), ([, service, role]) => [
      service,
      role,
    ]);
    expect(commands.sort()).toEqual([...roles, 'migrate'].map((name) => [name, name]).sort());
    expect(compose).toMatch(/x-role[\s\S]*?depends_on:\n {4}migrate: \{ condition: service_completed_successfully \}/);
  });

  test('gives the migration up after some tries, as `up --wait` waits for its end', () => {
    expect(/^ {2}migrate:\n(?: {4}.*\n)*? {4}restart: (.*)$/m.exec(compose)?.[1]).toMatch(/^on-failure:\d$/);
  });

  test('tells its services of one another under their names and ports', () => {
    const told = [compose, ...under('docker/prometheus').map(readFile), ...under('docker/grafana/provisioning').map(readFile)].join('\n');
    const ports: Record<string, number> = { ...DEFAULT_PORTS, postgres: 5432, kafka: 9092, prometheus: 9090 };
    const addresses = Array.from(
      told.matchAll(/(?:\/\/|@|:-)(\w+):(\d{4})\b/g),
      ([, host, port]) => [host as string, Number(port)] as const,
    );
    expect(sorted(addresses.map(([host]) => host))).toEqual(['gateway', 'kafka', 'postgres', 'prometheus']);
    for (const [host, port] of addresses) expect([host, port]).toEqual([host, host === 'kafka' && port === 9093 ? 9093 : ports[host]]);
    expect(compose).toContain(`ALLOWED_ORIGINS: http://gateway:${DEFAULT_PORTS.gateway}$`);
    const grafana = readFile('docker/grafana/provisioning/datasources/crypto.yaml');
    expect(all(grafana, /url: (http:\/\/gateway:\d+)$/gm)).toEqual([`http://gateway:${DEFAULT_PORTS.gateway}`]);
    expect(all(grafana, /allowedHosts: \["(.*)"\]/g)).toEqual([`http://gateway:${DEFAULT_PORTS.gateway}`]);
  });
});

test('an address for the gateway publishes neither Prometheus nor Grafana, whose admin reaches Postgres', () => {
  const published = Array.from(
    compose.matchAll(/^ {2}(\w+):\n(?: {4}.*\n)*? {4}ports: \['\$\{(\w+):-127\.0\.0\.1\}/gm),
    ([, service, address]) => [service, address],
  );
  expect(published).toEqual([
    ['gateway', 'PUBLISH_ADDRESS'],
    ['prometheus', 'MONITORING_ADDRESS'],
    ['grafana', 'MONITORING_ADDRESS'],
  ]);
  expect(compose.match(/^ +ports:/gm)).toHaveLength(published.length);
});

test('alerts, compose and the chart know the platform under one job', () => {
  const jobs = [
    ...all(readFile('docker/prometheus/alerts.yml'), /job="(\w+)"/g),
    ...all(readFile('docker/prometheus/prometheus.yml'), /job_name: (\w+)/g),
    ...all(readFile(`${CHART}/templates/monitoring/servicemonitor.yaml`), /targetLabel: job, replacement: (\w+)/g),
  ];
  expect(jobs.length).toBeGreaterThan(2);
  expect(sorted(jobs)).toEqual(['cdp']);
});

test('the Ingress leads to every page and every API of the gateway, and to nothing of the operator', () => {
  const values = readFile(`${CHART}/values.yaml`);
  const list = (key: string) => (new RegExp(`^ {4}${key}: \\[(.*)\\]$`, 'm').exec(values)?.[1] ?? '').split(', ');
  const pages = readFile('graphql/web/pages.ts');
  const quoted = (name: string) => all(new RegExp(`const ${name} = \\[(.*)\\];`).exec(pages)?.[1] ?? '', /'([^']+)'/g);
  const addresses = [...quoted('ADDRESSES'), ...all(pages, /app\.get(?:<.*>)?\('(\/[^']+)'/g)].map((url) => `/${url.split('/')[1]}`);
  const files = quoted('FILES').map((file) => `/${file}`);
  const apis = all(readFile('graphql/server.ts'), /prefix: '(\/\w+)'/g);
  expect(list('exact').sort()).toEqual(sorted(['/', ...files]));
  expect(list('prefix').sort()).toEqual(sorted([...addresses.filter((url) => url !== '/'), ...apis, '/graphql']));
});

test('the migration is given up where the platform says that trying again does not help', () => {
  expect(all(readFile(`${CHART}/templates/roles/migration.yaml`), /operator: In, values: \[(.*)\]/g)).toEqual([String(EXIT_FAILURE)]);
});

test('GKE: the secrets, the certificate and the addresses that Terraform makes are those that the chart reads', () => {
  const terraform = readFile('terraform/gke/main.tf');
  const ofTerraform = Object.fromEntries(
    Array.from(terraform.matchAll(/\b([A-Z_]{8,}) += "(cdp-[a-z-]+)"/g), ([, key, name]) => [key, name]),
  );
  const ofChart = Object.fromEntries(
    Array.from(readFile(`${CHART}/values-gke.yaml`).matchAll(/^ {6}([A-Z_]+): (cdp-[a-z-]+)$/gm), ([, key, name]) => [key, name]),
  );
  expect(ofTerraform).toMatchObject(ofChart);
  expect(Object.keys(ofChart)).toHaveLength(2);
  expect(all(terraform, /^ {4}(cdp-[a-z-]+) +=/gm).sort()).toEqual(Object.values(ofTerraform).sort());
  const directory = /"cdp.authorityDirectory" -\}\}\n(\S+)\n/.exec(readFile(`${CHART}/templates/_names.tpl`))?.[1];
  for (const path of ['terraform/gke/main.tf', `${CHART}/values.yaml`])
    expect([path, sorted(all(readFile(path), /sslrootcert=([\w/.-]+)/g))]).toEqual([path, [`${directory}/ca.crt`]]);
  const services = readFile('terraform/modules/services/main.tf');
  const uids = all(readFile('docker/grafana/provisioning/datasources/crypto.yaml'), /uid: (\S+)/g);
  expect(all(services, /uid += "(.*)"/g)).toEqual(uids);
  expect(all(services, /url += "(http:\/\/prometheus.*)"/g)).toEqual(all(readFile(`${CHART}/values.yaml`), /prometheus: (http:\S+)/g));
});

test("the chart's values take what the platform takes, so that a slip is refused before a pod starts", () => {
  const { config, secrets } = JSON.parse(readFile(`${CHART}/values.schema.json`)).properties;
  const forms: Record<string, { enum?: string[]; pattern?: string }> = config.properties;
  const takes = ({ enum: choices, pattern }: { enum?: string[]; pattern?: string }, text: string) =>
    choices?.includes(text) ?? new RegExp(pattern ?? '').test(text);
  const samples: Record<string, string[]> = {
    KAFKA_BROKERS: ['a.example:9092', 'a:1,b:2', 'a:1, b:2', 'kafka', 'a:1,,b:2', 'a b:1'],
    COINGECKO_BASE_URL: ['https://api.example/api/v3', 'http://proxy:8080/api/v3', 'api.example', 'ftp://a'],
    COINGECKO_CALLS_PER_MINUTE: ['30', 'many', '-1', '1.5'],
    COINGECKO_MONTHLY_CREDIT: ['10000', '10k'],
    PRICE_POLL_SECONDS: ['30', '30s'],
    RETENTION_DAYS: ['400', 'for ever'],
    BATCH_CRON: ['0 0 * * *', '15 3 * * 1-5', '@daily', '0 0 * *'],
    ALLOWED_ORIGINS: ['https://a.example', 'https://a.example,http://localhost:3000', 'a.example', 'https://a.example/'],
  };
  const choices = {
    KAFKA_SSL: 'true',
    KAFKA_SASL_MECHANISM: 'plain',
    PRICE_SOURCE: 'simulator',
    COINGECKO_PLAN: 'demo',
    LOG_LEVEL: 'info',
  };
  for (const [name, one] of Object.entries(choices))
    samples[name] = [...(forms[name]?.enum ?? []).filter((text) => text !== ''), one, 'other'];
  for (const [name, texts] of Object.entries(samples)) {
    const variable = VARIABLES[name as keyof typeof VARIABLES];
    const form = forms[name] as { enum?: string[]; pattern?: string };
    expect([name, takes(form, '')]).toEqual([name, true]);
    for (const text of texts) expect([name, text, takes(form, text)]).toEqual([name, text, variable.schema.safeParse(text).success]);
  }
  expect(sorted([...Object.keys(samples), 'COINS'])).toEqual(sorted(Object.keys(forms)));
  // A refusal quotes what was given.
  for (const form of Object.values(secrets.properties.values.properties)) expect(form).toEqual({ type: 'string' });
});

describe('the workflows', () => {
  test('run scripts and files that are there, and set what is read', () => {
    const { scripts } = JSON.parse(readFile('package.json')) as { scripts: Record<string, string> };
    const called = sorted(all(workflows, /npm run ([\w:]+)/g));
    expect(called.length).toBeGreaterThan(3);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(called));
    expect(listFiles()).toEqual(expect.arrayContaining(all(workflows, /node ([\w./-]+\.mjs)/g)));
    const set = sorted(all(workflows, /\b(REQUIRE_[A-Z_]+)/g));
    const tests = listFiles().filter((path) => path.startsWith('tests/') && path !== 'tests/deployment/wiring.test.ts');
    for (const name of set) expect([name, tests.some((path) => readFile(path).includes(`process.env.${name}`))]).toEqual([name, true]);
    for (const name of Object.keys(VARIABLES)) expect(workflows).not.toMatch(new RegExp(`^ +${name}:`, 'm'));
  });

  test('start, ask and stop services that compose has', () => {
    const started = (/ up -d --wait --wait-timeout \d+ ([a-z ]+)\n/.exec(workflows)?.[1] ?? '').split(' ');
    expect(started.sort()).toEqual([...roles].sort());
    expect((/grep -E '\^\(([a-z|]+)\)/.exec(workflows)?.[1] ?? '').split('|').sort()).toEqual([...roles].sort());
    expect(services).toEqual(expect.arrayContaining(started));
    expect(sorted(all(workflows, /127\.0\.0\.1:(\d+)/g))).toEqual([String(DEFAULT_PORTS.gateway)]);
  });

  test('look at a pull request again when it is labelled, as a label lets a break of the schema through', () => {
    const ci = readFile('.github/workflows/ci.yml');
    expect(ci).toContain("!contains(github.event.pull_request.labels.*.name, 'breaking')");
    const types = /^ {2}pull_request: \{ types: \[(.*)\] \}$/m.exec(ci)?.[1]?.split(', ');
    expect(types).toEqual(['opened', 'synchronize', 'reopened', 'labeled', 'unlabeled']);
  });

  test('release nothing that ci has not passed', () => {
    const release = readFile('.github/workflows/release.yml');
    expect(release).toMatch(/^ {2}ci:\n {4}uses: \.\/\.github\/workflows\/ci\.yml\n {2}release:\n {4}needs: ci\n/m);
    expect(readFile('.github/workflows/ci.yml')).toMatch(/^ {2}workflow_call:/m);
  });
});
