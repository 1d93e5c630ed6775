/** One coin of the table. It draws itself anew when its own price comes, and at no other coin's. */
import { memo } from 'react';
import { Link } from 'wouter';
import type { MarketCoin } from '../../api/operations/market.js';
import { formatCompactUsd } from '../../format/decimal.js';
import { changeWith, useLivePrice } from '../../live/prices.js';
import { Change } from '../../ui/change.js';
import { CoinMark } from '../../ui/coin-mark.js';
import { LivePrice } from '../../ui/live-price.js';
import { Sparkline } from '../../ui/sparkline.js';

/** Kept with the step in the browser's history: the coin's page then leads back by that, to the same order, search and place. */
const FROM_MARKET = { from: 'market' };

interface CoinRowProps {
  coin: MarketCoin;
  trend: number[] | undefined;
}

export const CoinRow = memo(function CoinRow({ coin, trend }: CoinRowProps) {
  const { id, symbol, name, rank, market, performance } = coin;
  const href = `/coins/${encodeURIComponent(id)}`;
  return (
    <tr className="linked">
      <td className="number muted rank wide">{rank ?? '–'}</td>
      <td>
        <Link href={href} state={FROM_MARKET} className="coin-name">
          <CoinMark id={id} symbol={symbol} />
          <span className="name">{name}</span>
          <span className="muted symbol">{symbol.toUpperCase()}</span>
        </Link>
      </td>
      <td className="number">
        {/* Above the link that fills the row, so that its title can be reached. */}
        <Link href={href} state={FROM_MARKET} className="price-link" tabIndex={-1}>
          <LivePrice coinId={id} />
        </Link>
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

function LiveChange({ coin: { id, price } }: { coin: MarketCoin }) {
  return <Change value={changeWith(useLivePrice(id), price)} />;
}
