/**
 * What a resolver may use: the stores through loaders, the clock, who asks. One context per request (and per event of a subscription).
 * Must stay true: a loader lives no longer than its context, so nobody is answered from what somebody else asked before.
 */
import DataLoader from 'dataloader';
import type { Clock } from '../src/domain/time.js';
import type { Realm } from '../src/platform/config.js';
import type { Database } from '../src/platform/postgres/database.js';
import { type AlertRow, type CoinAlertsRequest, loadAlertsOfCoins } from '../src/store/mart/alerts.js';
import { type CandleRequest, type CandleRow, loadCandles } from '../src/store/mart/candles.js';
import { type CoinRow, loadCoins } from '../src/store/mart/coins.js';
import { loadLatestPrices } from '../src/store/mart/latest-prices.js';
import {
  type CoinMoveRow,
  loadMovers,
  loadPerformance,
  type MoversRequest,
  type PerformanceRequest,
  type PerformanceRow,
} from '../src/store/mart/performance.js';
import { loadChecksOfDatasets, loadChecksOfRuns } from '../src/store/pipelines/check-results.js';
import { getDatasets } from '../src/store/pipelines/datasets.js';
import { loadTaskRuns } from '../src/store/pipelines/runs.js';
import { getWriteInstants } from '../src/store/pipelines/write-instants.js';
import { loadAlertRules } from '../src/store/stream/alert-rules.js';
import type { OperatorAccess } from './auth.js';
import type { Live } from './live/live.js';

export interface PlatformFacts {
  realm: Realm;
  version: string;
  startedAt: Date;
}

/** What the gateway can do but does not know how. */
export interface GatewayActions {
  /** Appends the dead letters to the log anew; returns how many, those that are unknown, redriven or discarded aside. */
  redriveDeadLetters(ids: bigint[]): Promise<number>;
  /** Likewise; those that did not come through the log aside. */
  redriveRejectedRows(ids: bigint[]): Promise<number>;
}

export interface ContextServices {
  db: Database;
  clock: Clock;
  platform: PlatformFacts;
  actions: GatewayActions;
  /** The sources of subscriptions. */
  live: Live;
}

export interface GatewayContext extends ContextServices {
  operator: OperatorAccess;
  loaders: Loaders;
  /** The coin that a record names. One that the marts do not list has its id for symbol and name. */
  loadNamedCoin(id: string): Promise<CoinRow>;
}

export type Loaders = ReturnType<typeof createLoaders>;

export function createContext(services: ContextServices, operator: OperatorAccess): GatewayContext {
  const loaders = createLoaders(services.db);
  return { ...services, operator, loaders, loadNamedCoin: async (id) => (await loaders.coin.load(id)) ?? unlistedCoin(id) };
}

function createLoaders({ pool, prisma }: Database) {
  return {
    coin: oneEach((ids: readonly string[]) => loadCoins(pool, ids)),
    latestPrice: oneEach((coinIds: readonly string[]) => loadLatestPrices(pool, coinIds)),
    rule: oneEach((ids: readonly bigint[]) => loadAlertRules({ prisma }, ids)),
    dataset: oneEach(async () => new Map((await getDatasets(pool)).map((dataset) => [dataset.name, dataset]))),
    writtenAt: oneEach(() => getWriteInstants(pool)),
    tasksOfRun: listEach((runIds: readonly bigint[]) => loadTaskRuns(pool, runIds)),
    checksOfRun: listEach((runIds: readonly bigint[]) => loadChecksOfRuns(pool, runIds)),
    checksOfDataset: listEach((names: readonly string[]) => loadChecksOfDatasets(pool, names)),
    performance: inOrder<PerformanceRequest, PerformanceRow | null>((requests) => loadPerformance(pool, requests)),
    movers: inOrder<MoversRequest, CoinMoveRow[]>((requests) => loadMovers(pool, requests)),
    candles: inOrder<CandleRequest, CandleRow[]>((requests) => loadCandles(pool, requests)),
    alertsOfCoin: inOrder<CoinAlertsRequest, AlertRow[]>((requests) => loadAlertsOfCoins(pool, requests)),
  };
}

function oneEach<Key, Row>(load: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Row>>) {
  return new DataLoader<Key, Row | null>(async (keys) => {
    const found = await load(keys);
    return keys.map((key) => found.get(key) ?? null);
  });
}

function listEach<Key, Row>(load: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Row[]>>) {
  return new DataLoader<Key, Row[]>(async (keys) => {
    const found = await load(keys);
    return keys.map((key) => found.get(key) ?? []);
  });
}

/** Answers stand in the order of the requests; equal requests are one. */
function inOrder<Request, Answer>(load: (requests: readonly Request[]) => Promise<Answer[]>) {
  return new DataLoader<Request, Answer, string>(load, { cacheKeyFn: (request) => JSON.stringify(request) });
}

function unlistedCoin(id: string): CoinRow {
  return {
    id,
    symbol: id,
    name: id,
    imageUrl: null,
    rank: null,
    marketCapUsd: null,
    fullyDilutedValuationUsd: null,
    volume24hUsd: null,
    circulatingSupply: null,
    totalSupply: null,
    maxSupply: null,
    high24hUsd: null,
    low24hUsd: null,
    athUsd: null,
    athAt: null,
    atlUsd: null,
    atlAt: null,
    marketObservedAt: null,
  };
}
