/** Shapes of broker.mjs, for tests in TypeScript. */
export interface Broker {
  /** host:port */
  brokers: string;
  port: number;
  /** Null: it runs in a container. */
  pid: number | null;
  readonly ended: Promise<unknown>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export function startBroker(options: {
  directory: string;
  port?: number;
  settings?: Record<string, string | number>;
  /** A second listener, and the port that its clients are told. */
  far?: { port: number; advertised: number };
  say?(text: string): void;
}): Promise<Broker>;
