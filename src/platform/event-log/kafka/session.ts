/**
 * A session with the brokers: the settings, the log of kafkajs in ours, and sockets that can be cut. Whoever meets a broken connection
 * throws the session away and opens another one: what kafkajs still holds of the old brokers goes with it.
 * Must stay true: `end` resolves soon, whatever the brokers do; no session outlives its owner.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type ISocketFactoryArgs, Kafka, logLevel as KafkaLogLevel, type LogEntry } from 'kafkajs';
import Cluster from 'kafkajs/src/cluster/index.js';
import { createLogger } from 'kafkajs/src/loggers/index.js';
import type { KafkaConfig } from '../../config.js';
import type { Logger } from '../../logger.js';
import './kafkajs/connect.js';
import './kafkajs/metadata.js';
import './kafkajs/timers.js';

const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_MS = 30_000;
const ENDED = 'the session was ended';
/** Inside of one call; longer outages are waited out by whoever calls. */
const RETRY = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 };

export class KafkaSession {
  readonly #sockets = new Set<Socket>();
  #ended = false;
  readonly #options: ConstructorParameters<typeof Kafka>[0];

  constructor(
    config: KafkaConfig,
    private readonly logger: Logger,
    clientId: string,
  ) {
    this.#options = {
      clientId,
      brokers: config.brokers,
      ssl: config.ssl,
      ...(config.sasl === null ? {} : { sasl: saslOf(config.sasl) }),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      authenticationTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      retry: RETRY,
      socketFactory: (args) => this.#openSocket(args),
      logLevel: levelOf(logger),
      logCreator: () => (entry) => say(logger, entry),
    };
  }

  /** kafkajs's public face: producers and the admin client. */
  kafka(): Kafka {
    return new Kafka(this.#options);
  }

  /** Connected, with the brokers' addresses and, for these topics, partitions and leaders. */
  async cluster(topics: string[]): Promise<Cluster> {
    const { logCreator, logLevel, ...options } = this.#options;
    const cluster = new Cluster({
      ...options,
      logger: this.kafkaLogger(),
      reauthenticationThreshold: 10_000,
      enforceRequestTimeout: true,
      metadataMaxAge: 60_000,
      allowAutoTopicCreation: false,
      maxInFlightRequests: null,
      isolationLevel: 0,
    });
    await cluster.connect();
    await cluster.addMultipleTargetTopics(topics);
    return cluster;
  }

  kafkaLogger() {
    return createLogger({ level: levelOf(this.logger), logCreator: () => (entry) => say(this.logger, entry) });
  }

  /** Cuts what is open; requests under way are rejected. */
  end(): void {
    this.#ended = true;
    for (const socket of this.#sockets) socket.destroy(new Error(ENDED));
  }

  #openSocket({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket {
    const socket = ssl
      ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
      : connectTcp({ host, port }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // kafkajs tries again for a while what was cut.
    if (this.#ended) socket.destroy(new Error(ENDED));
    return socket;
  }
}

function saslOf({ mechanism, username, password }: NonNullable<KafkaConfig['sasl']>) {
  return { mechanism, username, password } as { mechanism: 'plain'; username: string; password: string };
}

/** So that kafkajs writes no entries, two for each request, that nobody reads. */
function levelOf(logger: Logger): KafkaLogLevel {
  if (logger.isLevelEnabled('trace')) return KafkaLogLevel.DEBUG;
  return logger.isLevelEnabled('debug') ? KafkaLogLevel.WARN : KafkaLogLevel.NOTHING;
}

/** What kafkajs calls an error is most often a connection that it opens again: whoever gives up says so with the error itself. */
function say(logger: Logger, { level, namespace, log: { timestamp: _, logger: __, message, ...details } }: LogEntry): void {
  logger[level === KafkaLogLevel.DEBUG || level === KafkaLogLevel.INFO ? 'trace' : 'debug'](
    { ...details, namespace },
    `kafkajs: ${message}`,
  );
}
