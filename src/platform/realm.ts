/** Real and simulated data never mix: the first start says what a database is for, and every later one keeps to it. */
import { OperatorError } from '../domain/errors.js';
import type { Clock } from '../domain/time.js';
import type { Config, Realm } from './config.js';
import type { Queryable } from './postgres/database.js';

const SETTING: Record<Realm, string> = { simulated: 'PRICE_SOURCE=simulator', real: 'PRICE_SOURCE=coingecko' };

/** Sets the realm of a new database; throws an OperatorError where it is the other one. */
export async function claimRealm(db: Queryable, config: Pick<Config, 'realm' | 'databaseUrl'>, clock: Clock): Promise<void> {
  await db.query('INSERT INTO ops.database (realm, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING', [config.realm, clock.now()]);
  const { rows } = await db.query<{ realm: Realm }>('SELECT realm FROM ops.database');
  const realm = rows[0]?.realm as Realm;
  if (realm === config.realm) return;
  const elsewhere = config.databaseUrl === null ? 'another DATA_DIR' : 'another DATABASE_URL';
  throw new OperatorError(
    `This database holds ${realm} data, and the platform was started for ${config.realm} data. The two never mix: ` +
      `go on with ${SETTING[realm]}, or set ${elsewhere} for ${SETTING[config.realm]}.`,
  );
}
