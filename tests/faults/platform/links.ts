/** The suite's own way to the database and the log, which follows Postgres to wherever it comes back. */
import { pino } from 'pino';
import type { EventLog, LogPosition, LogRecord } from '../../../src/platform/event-log/event-log.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import { type Database, openDatabase } from '../../../src/platform/postgres/database.js';
import type { Platform, ReadRecord } from './platform.js';

interface Link {
  url: string;
  db: Database;
  log: EventLog;
}

export class Links {
  #link: Link | null = null;
  readonly #past: Link[] = [];

  /** `findUrl` throws while there is no Postgres. */
  constructor(private readonly findUrl: () => string) {}

  get(): Link {
    const url = this.findUrl();
    if (this.#link?.url === url) return this.#link;
    if (this.#link !== null) this.#past.push(this.#link);
    const db = openDatabase(url, { applicationName: 'fault suite', maxConnections: 8 });
    this.#link = { url, db, log: createPostgresEventLog(db, pino({ level: 'silent' })) };
    return this.#link;
  }

  /** What a platform whose log is in Postgres says of it: nothing is ever forgotten there during a campaign, so positions are offsets. */
  asPlatform(): Pick<Platform, 'db' | 'log' | 'readBack' | 'placeOf' | 'lost'> {
    return {
      db: () => this.get().db,
      log: () => this.get().log,
      readBack: (topic) => readAll(this.get().log, topic),
      placeOf: (_, position) => placeOf(position),
      lost: () => [],
    };
  }

  async close(): Promise<void> {
    const all = this.#link === null ? this.#past : [...this.#past, this.#link];
    for (const { log, db } of all) {
      await log.close();
      await db.close();
    }
  }
}

const placeOf = ({ partition, offset }: LogPosition) => `${partition}/${offset}`;

async function readAll(log: EventLog, topic: string): Promise<ReadRecord[]> {
  const bounds = await log.bounds(topic);
  const records: LogRecord[] = [];
  for await (const page of log.replay(topic, new Map(bounds.map(({ partition }) => [partition, 0n])))) records.push(...page);
  const due = bounds.reduce((sum, { end }) => sum + end, 0n);
  if (BigInt(records.length) < due) throw new Error(`${topic} was read back up to ${records.length} records, and holds ${due}`);
  return records.map((record) => ({ ...record, place: placeOf(record) }));
}
