/** Every coin of the platform, asked again now and then for what the stream does not tell: caps, volumes, returns. */
import { useMemo } from 'react';
import { now } from '../../api/clock.js';
import { MARKET, type MarketCoin, TRENDS } from '../../api/operations/market.js';
import { toPlot } from '../../format/decimal.js';
import { NO_VARIABLES, useEveryCoin } from '../../live/every-coin.js';
import { priceFeed } from '../../live/prices.js';

const HOUR_MS = 3_600_000;
const COINS = {
  everyMs: 30_000,
  onNodes(coins: MarketCoin[]) {
    for (const { id, price } of coins) if (price !== null) priceFeed.seed(id, price);
  },
};
const TRENDS_AGAIN = { everyMs: 10 * 60_000 };
const twoDays = () => ({ from: new Date(now() - 48 * HOUR_MS).toISOString() });

export function useMarket() {
  const { nodes: coins, problem, refresh } = useEveryCoin(MARKET, NO_VARIABLES, COINS);
  const { nodes } = useEveryCoin(TRENDS, twoDays, TRENDS_AGAIN);
  const trends = useMemo(() => nodes && new Map(nodes.map(({ id, candles }) => [id, candles.map(({ close }) => toPlot(close))])), [nodes]);
  return { coins, problem, refresh, trends };
}
