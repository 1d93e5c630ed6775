/** One coin of the table. It draws itself anew when its own price comes, and at no other coin's. */
import { memo } from 'react';
import { Link } from 'wouter';
import type { MarketCoin } from '../../api/operations/market.js';
import { formatCompactUsd, toPlot } from '../../format/decimal.js';
import { useLivePrice } from '../../live/prices.js';
import { Change } from '../../ui/change.js';
import { CoinMark } from '../../ui/coin-mark.js';
import { LivePrice } from '../../ui/live-price.js';
import { Sparkline } from '../../ui/sparkline.js';

interface CoinRowProps {
  coin: MarketCoin;
  trend: number[] | undefined;
}

export const CoinRow = memo(function CoinRow({ coin, trend }: CoinRowProps) {
  const { id, symbol, name, rank, market, performance } = coin;
  return (
    <tr className="linked">
      <td className="number muted rank wide">{rank ?? '–'}</td>
      <td>
        <Link href={`/coins/${encodeURIComponent(id)}`} className="coin-name">
          <CoinMark id={id} symbol={symbol} />
          <span className="name">{name}</span>
          <span className="muted symbol">{symbol.toUpperCase()}</span>
        </Link>
      </td>
      <td className="number">
        <LivePrice coinId={id} />
      </td>
      <td className="number">
        <LiveChange coin={coin} />
      </td>
      <td className="number wide">
        <Change value={performance?.return7dPct} />
      </td>
      <td className="number wide">
        <Change value={performance?.return30dPct} />
      </td>
      <td className="number wide">{market?.marketCapUsd == null ? '–' : formatCompactUsd(market.marketCapUsd)}</td>
      <td className="number wide">{market?.volume24hUsd == null ? '–' : formatCompactUsd(market.volume24hUsd)}</td>
      <td className="number trend">{trend && <Sparkline values={trend} label={`${name}, last 48 hours`} />}</td>
    </tr>
  );
});

/** The API's ratio, moved on by what the price did since it was asked for. */
function LiveChange({ coin: { id, price } }: { coin: MarketCoin }) {
  const live = useLivePrice(id);
  if (price?.change24hPct == null) return <Change value={null} />;
  const dayAgo = toPlot(price.usd) / (1 + price.change24hPct / 100);
  return <Change value={live === undefined ? price.change24hPct : (toPlot(live.usd) / dayAgo - 1) * 100} />;
}
