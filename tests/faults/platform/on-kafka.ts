/** The roles as processes of their own, several of each, on one Postgres and one Kafka broker, both of the suite's own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { pino } from 'pino';
import { createKafkaEventLog } from '../../../src/platform/event-log/kafka/kafka-event-log.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/platform/postgres/embedded.js';
import { projectRoot } from '../../../src/platform/project-root.js';
import { type Broker, startBroker } from '../../kit/kafka/broker.mjs';
import { Link } from '../../kit/kafka/link.js';
import type { Load } from '../campaign.js';
import { makeDataDirectory } from './data-directory.js';
import { Links } from './links.js';
import { LogReader } from './log-reader.js';
import { commonEnv, killServer, type MakeUpOptions, prepare, SILENT, startAll, watchServer } from './make-up.js';
import type { BrokerControl, Platform } from './platform.js';
import { findFreePort } from './source.js';
import { SupervisedProcess } from './supervised-process.js';

export const ON_KAFKA: Load = { ticksPerSecond: 2_000, subscribers: 50, coins: 16, coinsOfASubscriber: 1.3 };

const ROLES = { worker: 2, consumer: 3, gateway: 2, producer: 1 };

export const onKafka = (options: MakeUpOptions) => makeUp(options, false);

/** The first process of each role has a link before the broker, which this process forwards: late, while it judges. */
export const onKafkaBehindLink = (options: MakeUpOptions) => makeUp(options, true);

async function makeUp(options: MakeUpOptions, linked: boolean): Promise<Platform> {
  const ofBroker = mkdtempSync(join(tmpdir(), 'cdp-faults-kafka-'));
  const far = await findFreePort();
  const link = await Link.open(far);
  const listener = { port: far, advertised: link.port };
  const broker = await startBroker({ directory: ofBroker, far: listener });
  const directory = makeDataDirectory();
  let postgres: EmbeddedPostgres = await startEmbeddedPostgres(directory.path, SILENT);
  await prepare(postgres.url, options);
  const processes: SupervisedProcess[] = [];
  for (const [role, count] of Object.entries(ROLES)) {
    for (let number = 1; number <= count; number++) {
      const dataDir = join(directory.path, `${role}-${number}`);
      const brokers = linked && number === 1 ? `127.0.0.1:${link.port}` : broker.brokers;
      const env = { ...commonEnv(options), DATABASE_URL: postgres.url, KAFKA_BROKERS: brokers, DATA_DIR: dataDir };
      const port = await findFreePort();
      processes.push(new SupervisedProcess({ name: `${role}-${number}`, port, root: options.root ?? projectRoot, args: [role], env }));
    }
  }
  const links = new Links(() => postgres.url);
  const control = new Control(broker, ofBroker, link, listener);
  return {
    kind: 'roles apart, Kafka',
    processes,
    gateways: processes.filter((each) => each.options.args[0] === 'gateway'),
    directory,
    db: () => links.get().db,
    log: () => control.log,
    readBack: (topic) => control.reader.readOn(topic),
    placeOf: (topic, position) => control.reader.placeOf(topic, position),
    lost: () => control.reader.lost,
    broker: control,
    endsWithPostgres: false,
    watchPostgres: () => watchServer(directory.path),
    killPostgres: () => killServer(directory.path),
    async restorePostgres() {
      await postgres.stop(); // lets go of what it held of the one that is gone
      postgres = await startEmbeddedPostgres(directory.path, SILENT);
    },
    stepClock: () => {
      throw new Error('clocks of roles apart are not stepped');
    },
    start: () => startAll(processes),
    async stop() {
      await Promise.all(processes.map((each) => each.stop()));
      await links.close();
      await control.log.close();
      await control.stop('SIGKILL');
      await link.close();
      await postgres.stop();
      directory.remove();
      rmSync(ofBroker, { recursive: true, force: true });
    },
  };
}

class Control implements BrokerControl {
  readonly reader: LogReader;
  log: ReturnType<typeof createKafkaEventLog>;
  readonly #address: string;

  constructor(
    private broker: Broker,
    private readonly directory: string,
    readonly link: Link,
    private readonly far: { port: number; advertised: number },
  ) {
    this.#address = broker.brokers;
    this.reader = new LogReader(this.#address);
    this.log = this.#openLog();
  }

  stop(signal: NodeJS.Signals): Promise<void> {
    return this.broker.stop(signal);
  }

  async start(): Promise<void> {
    this.broker = await startBroker({ directory: this.directory, port: this.broker.port, far: this.far });
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.reader.readOn(topic);
    await this.#administer((admin) => admin.deleteTopics({ topics: [topic] }));
    this.reader.beginLife(topic);
    await this.reopenLog();
  }

  goOnAfter(topic: string, next: ReadonlyMap<number, bigint>): void {
    this.reader.goOnAfter(topic, next);
  }

  async forgetBelow(topic: string, partition: number, offset: bigint, next: bigint): Promise<void> {
    await this.reader.readOn(topic);
    this.reader.lose(topic, partition, next, offset);
    await this.#administer(async (admin) => {
      await admin.fetchTopicOffsets(topic); // or this client does not know who leads the partition
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
    });
  }

  addPartitions(topic: string, count: number): Promise<void> {
    return this.#administer(async (admin) => void (await admin.createPartitions({ topicPartitions: [{ topic, count }] })));
  }

  async reopenLog(): Promise<void> {
    await this.log.close();
    this.log = this.#openLog();
  }

  async #administer(work: (admin: kafkajs.Admin) => Promise<void>): Promise<void> {
    const admin = new kafkajs.Kafka({ brokers: [this.#address], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      await work(admin);
    } finally {
      await admin.disconnect();
    }
  }

  #openLog() {
    return createKafkaEventLog({ brokers: [this.#address], ssl: false, sasl: null }, pino({ level: 'silent' }), 'faults');
  }
}
