/** ops.datasets, read. Grain: one dataset of the platform. */
import type { Queryable } from '../../platform/postgres/database.js';

export interface DatasetRow {
  name: string;
  grain: string;
  /** Names of the datasets that it is computed from. */
  dependsOn: string[];
  /** Counts publications. */
  version: string;
  updatedAt: Date | null;
}

/** By name. */
export async function getDatasets(db: Queryable): Promise<DatasetRow[]> {
  const { rows } = await db.query<DatasetRow>({
    name: 'get-datasets',
    text: `SELECT name, grain, depends_on AS "dependsOn", version::text AS version, updated_at AS "updatedAt"
           FROM ops.datasets ORDER BY name COLLATE "C"`,
  });
  return rows;
}
