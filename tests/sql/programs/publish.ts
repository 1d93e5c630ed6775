/** Publishes what the marks of the given database say, to be frozen at it. argv: database URL. */
import { publish } from '../../../jobs/runtime/publish.js';
import { systemClock } from '../../../src/domain/time.js';
import { openDatabase } from '../../../src/platform/postgres/database.js';

const [, , url] = process.argv as [string, string, string];
await publish(openDatabase(url, { applicationName: 'test child' }), { through: null, fence: null, clock: systemClock });
