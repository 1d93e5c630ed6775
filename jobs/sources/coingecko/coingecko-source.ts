/** CoinGecko's API as a price source: which calls answer which question. The simulator, which speaks the same API, is asked through it too. */
import type { BaseLogger } from 'pino';
import type { Clock } from '../../../src/domain/time.js';
import type { CallLimiter } from '../call-limiter.js';
import { type MarketSnapshot, type PriceSource, SourceError, type SourceResult } from '../source.js';
import { type ApiResponse, type ClientTimings, createClient } from './client.js';
import { COINS_MARKETS, coinsMarketsQuery, PAGE_SIZE, readCoinsMarkets } from './coins-markets.js';
import { GLOBAL, readGlobal } from './global.js';
import { MARKET_CHART, marketChartQuery, readMarketChart } from './market-chart.js';
import type { ApiPlan } from './plans.js';
import { readSimplePrice, SIMPLE_PRICE, simplePriceQuery } from './simple-price.js';

export interface CoinGeckoOptions {
  /** The `source` column. */
  name: string;
  /** As a person knows it. */
  label: string;
  plan: ApiPlan;
  apiKey: string | null;
  limiter: CallLimiter;
  clock: Clock;
  logger: Pick<BaseLogger, 'warn'>;
  timings?: Partial<ClientTimings>;
}

/** nginx and Cloudflare take 8 kB; ids are up to 60 characters long. */
const MAX_IDS_LENGTH = 5_000;

export function createCoinGeckoSource(options: CoinGeckoOptions): PriceSource {
  const { name, label, plan, limiter, clock, logger } = options;
  const get = createClient({ ...options, baseUrl: plan.baseUrl, keyHeader: plan.keyHeader });
  const result = <T>(responses: ApiResponse[], parts: Pick<SourceResult<T>, 'rows' | 'rejected'>[]): SourceResult<T> => ({
    fetchedAt: responses[0]?.fetchedAt ?? clock.now(),
    receivedAt: responses.at(-1)?.receivedAt ?? clock.now(),
    rows: parts.flatMap((part) => part.rows),
    rejected: parts.flatMap((part) => part.rejected),
  });

  return {
    name,
    historyDays: plan.historyDays,

    async topCoins(count, signal) {
      const perPage = Math.min(count, PAGE_SIZE);
      const responses: ApiResponse[] = [];
      const parts: ReturnType<typeof readCoinsMarkets>[] = [];
      for (let page = 1; (page - 1) * PAGE_SIZE < count && (parts.at(-1)?.size ?? perPage) === perPage; page++) {
        const response = await get({ endpoint: COINS_MARKETS, query: coinsMarketsQuery({ perPage, page }), purpose: 'batch' }, signal);
        responses.push(response);
        parts.push(readCoinsMarkets(response, null, label));
      }
      const { rows, ...rest } = result(responses, parts);
      return { ...rest, rows: withoutRepeats(rows).slice(0, count) };
    },

    async marketSnapshot(coinIds, signal) {
      const responses: ApiResponse[] = [];
      const parts: ReturnType<typeof readCoinsMarkets>[] = [];
      for (const ids of chunksOf(coinIds)) {
        const query = coinsMarketsQuery({ perPage: PAGE_SIZE, page: 1, ids: ids.join(',') });
        const response = await get({ endpoint: COINS_MARKETS, query, purpose: 'batch' }, signal);
        responses.push(response);
        parts.push(readCoinsMarkets(response, new Set(ids), label));
      }
      return result(responses, parts);
    },

    async currentPrices(coinIds, signal) {
      const calls = chunksOf(coinIds).map(async (ids) => {
        const response = await get({ endpoint: SIMPLE_PRICE, query: simplePriceQuery(ids.join(',')), purpose: 'stream' }, signal);
        return { response, ...readSimplePrice(response, new Set(ids), { name, label }) };
      });
      const settled = await Promise.allSettled(calls);
      const parts = settled.filter((call) => call.status === 'fulfilled').map((call) => call.value);
      const failures = settled.filter((call) => call.status === 'rejected').map((call) => call.reason);
      const bug = failures.find((reason) => !(reason instanceof SourceError));
      if (bug !== undefined || (failures.length > 0 && parts.length === 0)) throw bug ?? failures[0];
      for (const failure of failures) logger.warn({ err: failure }, 'some prices are missing from this poll');
      return result(
        parts.map((part) => part.response).sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime()),
        parts,
      );
    },

    async history(coinId, grain, from, to, signal) {
      // A URL takes `.` and `..` for steps in a path, encoded or not.
      if (/^\.{0,2}$/.test(coinId)) {
        throw new SourceError(`${label} ${MARKET_CHART}: "${coinId}" is no coin id. Check COINS.`, {
          kind: 'not_found',
          endpoint: MARKET_CHART,
        });
      }
      const path = MARKET_CHART.replace('{id}', encodeURIComponent(coinId));
      const query = marketChartQuery(grain, from, clock.now(), plan.historyDays);
      const response = await get({ endpoint: MARKET_CHART, path, query, purpose: 'batch' }, signal);
      return result([response], [readMarketChart(response, { coinId, grain, from, to }, label)]);
    },

    global: async (signal) => readGlobal(await get({ endpoint: GLOBAL, purpose: 'batch' }, signal), label),

    pollSeconds: (wanted, coinIds) => limiter.pollSeconds(wanted, chunksOf(coinIds).length),
  };
}

/** Coins move between pages while they are fetched: one can stand at the end of a page and again at the head of the next. */
function withoutRepeats(rows: MarketSnapshot[]): MarketSnapshot[] {
  return [...new Map(rows.toReversed().map((row) => [row.coinId, row])).values()].toReversed();
}

function chunksOf(coinIds: readonly string[]): string[][] {
  const chunks: string[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const id of new Set(coinIds)) {
    const added = encodeURIComponent(`${id},`).length;
    if (length + added > MAX_IDS_LENGTH || chunks.at(-1)?.length === PAGE_SIZE) {
      chunks.push([]);
      length = 0;
    }
    chunks.at(-1)?.push(id);
    length += added;
  }
  return chunks;
}
