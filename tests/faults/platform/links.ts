/** The suite's own way to the database and the log, which follows Postgres to wherever it comes back. */
import { pino } from 'pino';
import type { EventLog } from '../../../src/platform/event-log/event-log.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import { type Database, openDatabase } from '../../../src/platform/postgres/database.js';

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

  async close(): Promise<void> {
    const all = this.#link === null ? this.#past : [...this.#past, this.#link];
    for (const { log, db } of all) {
      await log.close();
      await db.close();
    }
  }
}
