/** Every coin of the platform, page by page, asked again now and then for what the stream does not tell: caps, volumes, returns. */
import { useCallback, useEffect, useState } from 'react';
import { client, describeProblem } from '../../api/client.js';
import { useFailedRefresh } from '../../api/failed-refreshes.js';
import type { Operation } from '../../api/operation.js';
import { MARKET, type MarketCoin, type PageInfo, TRENDS } from '../../api/operations/market.js';
import { priceFeed } from '../../live/prices.js';

const ASK_AGAIN_MS = 30_000;
const TRENDS_AGAIN_MS = 10 * 60_000;
const MOST_PAGES = 10;

interface CoinPage<Node> {
  coins: { nodes: Node[]; pageInfo: PageInfo };
}

async function askAll<Node>(text: Operation<CoinPage<Node>, { after: string | null }>): Promise<Node[]> {
  const nodes: Node[] = [];
  let after: string | null = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { data, error } = (await client.query(text as string, { after }, { requestPolicy: 'network-only' }).toPromise()) as {
      data?: CoinPage<Node>;
      error?: Parameters<typeof describeProblem>[0];
    };
    if (data === undefined) throw new Error(error ? describeProblem(error) : 'The platform gave no answer');
    nodes.push(...data.coins.nodes);
    if (!data.coins.pageInfo.hasNextPage) break;
    after = data.coins.pageInfo.endCursor;
  }
  return nodes;
}

/** What was answered last, and why there is nothing newer. */
function useAsked<Value>(question: string, ask: () => Promise<Value>, everyMs: number) {
  const [value, setValue] = useState<Value | null>(null);
  const [answeredAt, setAnsweredAt] = useState<number | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const refresh = useCallback(async () => {
    try {
      setValue(await ask());
      setAnsweredAt(Date.now());
      setProblem(null);
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, [ask]);
  useEffect(() => {
    void refresh();
    const timer = setInterval(() => document.visibilityState === 'visible' && void refresh(), everyMs);
    const unlisten = priceFeed.onExpiry(() => void refresh());
    return () => {
      clearInterval(timer);
      unlisten();
    };
  }, [refresh, everyMs]);
  useFailedRefresh(question, problem, answeredAt, refresh);
  return { value, problem, refresh };
}

async function askCoins(): Promise<MarketCoin[]> {
  const coins = await askAll(MARKET);
  for (const { id, price } of coins) if (price !== null) priceFeed.seed(id, price);
  return coins;
}

async function askTrends(): Promise<ReadonlyMap<string, number[]>> {
  const trends = await askAll(TRENDS);
  return new Map(trends.map(({ id, candles }) => [id, candles.map(({ close }) => Number(close))]));
}

export function useMarket() {
  const coins = useAsked(MARKET, askCoins, ASK_AGAIN_MS);
  const trends = useAsked(TRENDS, askTrends, TRENDS_AGAIN_MS);
  return { coins: coins.value, problem: coins.problem, refresh: coins.refresh, trends: trends.value };
}
