// What the rendered chart has to do, whatever its values: pods start again when what they were told changes, every address that they are
// told is one that their network policy lets them reach, and what they mount is there.

/** Values that pods only read when they start, each in two ways. */
const SETTINGS = [
  ['ingress.enabled=true,ingress.host=a.example.org', 'ingress.enabled=true,ingress.host=b.example.org'],
  ['config.LOG_LEVEL=info', 'config.LOG_LEVEL=warn'],
  ['databaseAuthority=-----BEGIN CERTIFICATE-----1', 'databaseAuthority=-----BEGIN CERTIFICATE-----2'],
  ['secrets.existing=,secrets.values.DATABASE_URL=postgresql://a/b', 'secrets.existing=,secrets.values.DATABASE_URL=postgresql://a/c'],
];

/** `render(set)`: the chart's objects with these values on top of the least that it needs. */
export function findSettingsThatNobodyReads(render) {
  const problems = [];
  for (const pair of SETTINGS) {
    const [before, after] = pair.map((set) => checksums(render(set)));
    for (const [name, checksum] of before) if (after.get(name) === checksum) problems.push(`${name} does not start again at ${pair[1]}`);
    if (before.size !== 4) problems.push(`${before.size} Deployments`);
  }
  return problems;
}

/** `render` as above: producers must be able to stop, for the time in which partitions are added. */
export function findProducersThatStay(render) {
  const stays = ({ kind, metadata, spec }) =>
    kind === 'Deployment' && metadata.labels['app.kubernetes.io/component'] === 'producer' && spec.replicas !== 0;
  return render('producer.replicas=0')
    .filter(stays)
    .map(({ metadata }) => `${metadata.name} cannot be stopped`);
}

const checksums = (objects) =>
  new Map(
    objects
      .filter(({ kind }) => kind === 'Deployment')
      .map(({ metadata, spec }) => [metadata.name, spec.template.metadata.annotations['checksum/configuration']]),
  );

/** `objects`: of one set of values. */
export function findBrokenPods(objects) {
  const problems = [];
  const named = (kind, name) => objects.find((object) => object.kind === kind && object.metadata.name === name);
  for (const { kind, metadata, spec } of objects.filter(({ kind }) => ['Deployment', 'Job', 'StatefulSet'].includes(kind))) {
    const who = `${kind} ${metadata.name}`;
    const { containers, volumes = [] } = spec.template.spec;
    if (kind === 'Job') problems.push(...findLateNeeds(who, metadata, spec.template, objects));
    if (kind === 'Deployment') problems.push(...findShortDrains(who, spec.template, objects));
    for (const { configMap } of volumes)
      if (configMap !== undefined && named('ConfigMap', configMap.name) === undefined)
        problems.push(`${who}: no ConfigMap ${configMap.name}`);
    for (const { env = [], envFrom = [] } of containers) {
      for (const { configMapRef } of envFrom)
        if (named('ConfigMap', configMapRef.name) === undefined) problems.push(`${who}: no ${configMapRef.name}`);
      if (kind !== 'StatefulSet')
        problems.push(...findClosedPorts(who, addressesOf(env, envFrom, named), policyOf(spec.template, objects)));
    }
  }
  return problems;
}

/** Helm applies what is no hook after its hooks: a Job among them would meet what the release before was set to, for ever if that is wrong. */
function findLateNeeds(who, { annotations }, template, objects) {
  const { containers, volumes = [] } = template.spec;
  const named = [
    ...volumes.map(({ configMap, secret }) => (configMap === undefined ? `Secret ${secret?.secretName}` : `ConfigMap ${configMap.name}`)),
    ...containers.flatMap(({ env = [] }) => env.map(({ valueFrom }) => `Secret ${valueFrom?.secretKeyRef?.name}`)),
  ];
  const policy = policyOf(template, objects);
  const needs = objects.filter((object) => named.includes(`${object.kind} ${object.metadata.name}`) || object === policy);
  const order = (of, name) => Number(of?.[name] ?? Number.NaN);
  const early = (own) =>
    own?.['helm.sh/hook'] === annotations['helm.sh/hook'] &&
    ['helm.sh/hook-weight', 'argocd.argoproj.io/sync-wave'].every((name) => order(own, name) < order(annotations, name));
  return needs
    .filter(({ metadata }) => !early(metadata.annotations))
    .map(({ kind, metadata }) => `${who} needs ${kind} ${metadata.name}, which comes later`);
}

/** Connections that the load balancer still lets drain would be refused, and a pod that is killed while it stops loses what it does. */
function findShortDrains(who, { metadata, spec }, objects) {
  const sleep = spec.containers[0].lifecycle?.preStop.sleep.seconds ?? 0;
  const balancer = objects.find(({ kind }) => kind === 'BackendConfig')?.spec.connectionDraining.drainingTimeoutSec ?? 0;
  const problems = [];
  if (metadata.labels['app.kubernetes.io/component'] === 'gateway' && sleep <= balancer)
    problems.push(`${who} drains for ${sleep} s, its load balancer for ${balancer} s`);
  if (spec.terminationGracePeriodSeconds < sleep + 30)
    problems.push(`${who} is killed ${spec.terminationGracePeriodSeconds} s after it is told to stop`);
  return problems;
}

function addressesOf(env, envFrom, named) {
  const told = Object.assign({}, ...envFrom.map(({ configMapRef }) => named('ConfigMap', configMapRef.name)?.data));
  const secret = env.find(({ name }) => name === 'DATABASE_URL')?.valueFrom?.secretKeyRef.name;
  const url = named('Secret', secret)?.stringData.DATABASE_URL;
  return [...(told.KAFKA_BROKERS?.split(',') ?? []), ...(url === undefined ? [] : [new URL(url).host])];
}

function policyOf(template, objects) {
  const { labels } = template.metadata;
  return objects.find(
    ({ kind, spec }) =>
      kind === 'NetworkPolicy' &&
      spec.policyTypes.includes('Egress') &&
      Object.entries(spec.podSelector.matchLabels).every(([name, value]) => labels[name] === value),
  );
}

function findClosedPorts(who, addresses, policy) {
  if (policy === undefined) return [`${who}: no network policy`];
  const open = policy.spec.egress.flatMap(({ ports }) => ports.map(({ port }) => String(port)));
  const closed = addresses.filter((address) => !open.includes(address.split(':').at(-1)));
  return [...closed, ...(open.includes('53') ? [] : ['DNS'])].map((address) => `${who}: ${address} is closed to it (${open.join(', ')})`);
}
