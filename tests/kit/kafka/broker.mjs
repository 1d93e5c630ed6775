// One Apache Kafka 4 (KRaft, one node, 127.0.0.1 only) for developers and tests: in Docker where an engine answers, otherwise from Maven
// Central's jars on Java 17. Must stay true: what was started stops with `stop`, and a broker whose starter was killed is found by its
// pid file (stopAbandoned); Ctrl-C reaches whoever started it, never the broker behind its back.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const KAFKA_VERSION = '4.3.0';
const IMAGE = `apache/kafka:${KAFKA_VERSION}`;
const CACHE = fileURLToPath(new URL('../../../.cache/kafka', import.meta.url));
/** Four seconds on an idle machine. */
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 20_000;

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency>
    <!-- Kafka logs through slf4j 1.7. -->
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.24.3</version></dependency>
  </dependencies>
</project>
`;

/**
 * `directory`: the broker's own; what the log holds stays there. `port`: 0 for any free one. `settings`: more lines of server.properties.
 * `far`: a second listener, whose clients are told another port than it listens on: whatever stands between goes on standing between.
 * Resolves when the broker answers; rejects with what a person has to do where none can be started. `stop(signal)`: SIGTERM unless given.
 */
export async function startBroker({ directory, port = 0, settings = {}, far = null, say = () => {} }) {
  const [free, controller] = await findFreePorts(2);
  const chosen = port === 0 ? free : port;
  mkdirSync(directory, { recursive: true });
  const broker = isDockerRunning()
    ? await startInDocker(chosen, settings, far, say)
    : await startOnJava(directory, chosen, controller, settings, far, say);
  try {
    await untilListening(chosen, broker);
  } catch (error) {
    await broker.stop();
    throw error;
  }
  return { brokers: `127.0.0.1:${chosen}`, port: chosen, pid: broker.pid, ended: broker.ended, stop: broker.stop };
}

/** A run that was killed left its broker behind, and its pid in its directory. */
export async function stopAbandoned(directory) {
  const file = join(directory, 'broker.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8'));
  // The number may be another process's by now.
  if (commandOf(pid).includes(directory)) await endProcess(pid, 'SIGKILL');
  rmSync(file, { force: true });
}

async function findFreePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0))); // all at once, or two would be the same
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map(close));
  return ports;
}

export async function isFree(port) {
  return listen(port)
    .then(close)
    .then(
      () => true,
      () => false,
    );
}

async function listen(port) {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return server;
}

async function close(server) {
  await new Promise((resolve) => server.close(resolve));
}

function properties(host, ports, port, settings, far) {
  const beside = far === null ? ['', '', ''] : [`,FAR://${host}:${ports.far}`, `,FAR://127.0.0.1:${far.advertised}`, ',FAR:PLAINTEXT'];
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    listeners: `PLAINTEXT://${host}:${ports.broker},CONTROLLER://${host}:${ports.controller}${beside[0]}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}${beside[1]}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': `PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${beside[2]}`,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1, // fifty files less to make and to flush
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': false,
    ...settings,
  };
}

async function startOnJava(directory, port, controllerPort, settings, far, say) {
  const libs = fetchJars(say);
  const data = join(directory, 'data');
  const file = join(directory, 'server.properties');
  const ports = { broker: port, controller: controllerPort, far: far?.port };
  const lines = Object.entries({ ...properties('127.0.0.1', ports, port, settings, far), 'log.dirs': data });
  writeFileSync(file, lines.map(([name, value]) => `${name}=${value}\n`).join(''));
  const log4j = join(directory, 'log4j2.properties');
  writeFileSync(log4j, 'rootLogger.level=warn\nrootLogger.appenderRef.out.ref=out\nappender.out.type=Console\nappender.out.name=out\n');
  const java = [`-Dlog4j2.configurationFile=${log4j}`, '-cp', join(libs, '*')];
  if (!existsSync(join(data, 'meta.properties'))) {
    const id = randomBytes(16).toString('base64url');
    run('java', [...java, 'kafka.tools.StorageTool', 'format', `--cluster-id=${id}`, '-c', file, '--ignore-formatted']); // the id may begin with a dash
  }
  const output = openSync(join(directory, 'broker.log'), 'a');
  const child = spawn('java', ['-Xmx512m', '-Xms128m', '-XX:+UseSerialGC', ...java, 'kafka.Kafka', file], {
    stdio: ['ignore', output, output],
    detached: true, // a process group of its own
  });
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  writeFileSync(join(directory, 'broker.pid'), String(child.pid));
  return {
    pid: child.pid,
    ended,
    log: join(directory, 'broker.log'),
    async stop(signal) {
      if (child.exitCode === null && child.signalCode === null) await endProcess(child.pid, signal, ended);
      rmSync(join(directory, 'broker.pid'), { force: true });
    },
  };
}

/** 45 jars, 43 MB, once. */
function fetchJars(say) {
  const home = join(CACHE, KAFKA_VERSION);
  const libs = join(home, 'libs');
  if (existsSync(libs)) return libs;
  for (const [command, version] of [
    ['java', '-version'],
    ['mvn', '-version'],
  ])
    if (spawnSync(command, [version]).error)
      throw new Error(`no Docker engine answers, and there is no \`${command}\` here: install either`);
  say(`fetching Apache Kafka ${KAFKA_VERSION} from Maven Central into ${home}`);
  // Beside, then renamed: another process never finds half of it, and who comes second has done it in vain.
  const fresh = join(CACHE, `fetching-${process.pid}`);
  mkdirSync(fresh, { recursive: true });
  writeFileSync(join(fresh, 'pom.xml'), POM);
  run('mvn', ['-q', '-B', '-f', join(fresh, 'pom.xml'), 'dependency:copy-dependencies', `-DoutputDirectory=${join(fresh, 'libs')}`]);
  try {
    renameSync(fresh, home);
  } catch (error) {
    if (!existsSync(libs)) throw error;
    rmSync(fresh, { recursive: true, force: true });
  }
  return libs;
}

async function startInDocker(port, settings, far, say) {
  say(`starting ${IMAGE} in Docker`);
  const name = `cdp-kafka-${process.pid}-${port}`;
  const all = properties('', { broker: 9092, controller: 9093, far: 9094 }, port, settings, far);
  const env = Object.entries(all).flatMap(([key, value]) => ['-e', `KAFKA_${key.toUpperCase().replaceAll('.', '_')}=${value}`]);
  const published = far === null ? [] : ['-p', `127.0.0.1:${far.port}:9094`];
  run('docker', ['run', '--rm', '-d', '--name', name, '-p', `127.0.0.1:${port}:9092`, ...published, ...env, IMAGE]);
  const wait = spawn('docker', ['wait', name], { stdio: 'ignore', detached: true });
  const ended = new Promise((resolve) => wait.once('exit', resolve));
  return {
    pid: null,
    ended,
    log: `docker logs ${name}`,
    async stop(signal = 'SIGTERM') {
      spawnSync('docker', signal === 'SIGKILL' ? ['kill', name] : ['stop', '-t', '20', name]);
      await ended;
    },
  };
}

function isDockerRunning() {
  return spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 10_000 }).status === 0;
}

function run(command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args[0]} failed: ${error?.message ?? ''}${stdout}${stderr}`, { cause: error });
}

async function untilListening(port, broker) {
  let over = false;
  broker.ended.then(() => (over = true));
  for (const deadline = performance.now() + START_TIMEOUT_MS; performance.now() < deadline; await sleep(100)) {
    if (over) throw new Error(`Kafka ended while it was starting: see ${broker.log}`);
    if (await answers(port)) return;
  }
  throw new Error(`Kafka did not answer within ${START_TIMEOUT_MS / 1000} s: see ${broker.log}`);
}

/** ApiVersions, version 0: an open port alone is not a broker, least of all through Docker's proxy. */
function answers(port) {
  const request = Buffer.from('0000000a0012000000000001ffff', 'hex');
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(request));
    const end = (yes) => {
      socket.destroy();
      resolve(yes);
    };
    socket.setTimeout(2_000, () => end(false));
    socket.once('data', () => end(true)).once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}

function commandOf(pid) {
  return spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '';
}

/** With SIGKILL if it does not mind the signal. */
async function endProcess(pid, signal = 'SIGTERM', ended = untilGone(pid)) {
  const kill = (signal) => {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  };
  kill(signal);
  const timer = setTimeout(kill, STOP_TIMEOUT_MS, 'SIGKILL');
  await ended;
  clearTimeout(timer);
}

async function untilGone(pid) {
  while (commandOf(pid).trim() !== '') await sleep(100);
}
