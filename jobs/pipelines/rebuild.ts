/**
 * The pipeline `rebuild`: makes datasets anew from raw whose definition is another than the one that made their rows. Queued by a
 * worker that finds one at its start; a person who asks for it has all of them made anew (requestRunByHand).
 * Must stay true: a definition is recorded only once its rows are made, so a rebuild that dies half-way is begun again; the marts of days
 * change in one checked publish, and nothing else publishes meanwhile. Candles and latest prices change stretch by stretch before it.
 */
import type { Clock } from '../../src/domain/time.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { recordDefinitions } from '../../src/store/pipelines/datasets.js';
import { getTrackedCoins } from '../../src/store/tracked-coins.js';
import { rebuildLanded } from '../runtime/land.js';
import type { Pipeline, TaskOutcome } from '../runtime/pipeline.js';
import { rebuildPrices } from '../streams/rebuild-prices.js';
import { hashDefinitions, landings, registerDatasets } from '../transforms/registry.js';
import { publishDays } from './publishing.js';

const PRICES = ['staging.stg_prices', 'mart.mart_latest_prices', 'mart.mart_price_candles'];
const LANDED = landings.map(({ name }) => name);

export function rebuildPipeline({ db, clock }: { db: Database; clock: Clock }): Pipeline {
  return {
    name: 'rebuild',
    tasks: [
      { name: 'prices', run: ({ signal }) => remake(db, PRICES, () => remakePrices(db, clock, signal)) },
      {
        name: 'landed',
        run: () =>
          remake(db, LANDED, async () => {
            const results = await rebuildLanded(db);
            return [...results.values()].reduce((rows, result) => rows + result.written + result.deleted, 0);
          }),
      },
      { name: 'publish', dependsOn: ['prices', 'landed'], run: (context) => publishDays(context, { through: null, clock, rebuild: true }) },
    ],
  };
}

async function remakePrices(db: Database, clock: Clock, signal: AbortSignal): Promise<number> {
  const coins = await getTrackedCoins(db.pool);
  return rebuildPrices(
    db,
    coins.map(({ coinId }) => coinId),
    clock,
    { signal },
  );
}

/** Whether the rows of any of these were made by another definition than today's; if so, makes all of them anew. */
async function remake(db: Database, names: string[], make: () => Promise<number>): Promise<TaskOutcome> {
  const stale = await registerDatasets(db);
  if (!names.some((name) => stale.includes(name))) return { skipped: 'made by the present definitions' };
  const rows = await make();
  const hashes = hashDefinitions();
  await recordDefinitions(db.pool, new Map(names.map((name) => [name, hashes.get(name) as string])));
  return { rows };
}
