/** The newest snapshot of the coin's market, as the source gave it. */
import type { CoinMarket } from '../../api/operations/coin.js';
import { formatCompact, formatCompactUsd, formatExact, formatPrice } from '../../format/decimal.js';
import { formatDate, formatMinute } from '../../format/figures.js';
import { Empty } from '../../ui/states.js';

function usd(value: string | null) {
  return value === null ? '–' : <span title={formatExact(value)}>{formatCompactUsd(value)}</span>;
}

function coins(value: string | null) {
  return value === null ? '–' : <span title={value}>{formatCompact(value)}</span>;
}

function extreme(price: string | null, at: string | null) {
  if (price === null) return '–';
  return (
    <>
      {formatPrice(price)}
      {at !== null && <span className="muted"> {formatDate(at)}</span>}
    </>
  );
}

export function MarketFigures({ market }: { market: CoinMarket | null }) {
  return (
    <section className="panel" aria-label="Market">
      <div className="panel-head">
        <h2>Market</h2>
        {market !== null && <span className="muted small">Snapshot of {formatMinute(market.observedAt)}</span>}
      </div>
      {market === null ? (
        <Empty title="No snapshot yet">It comes with the first daily run.</Empty>
      ) : (
        <dl className="pairs">
          <dt>Market cap</dt>
          <dd>{usd(market.marketCapUsd)}</dd>
          <dt>Fully diluted</dt>
          <dd>{usd(market.fullyDilutedValuationUsd)}</dd>
          <dt>Volume, 24 h</dt>
          <dd>{usd(market.volume24hUsd)}</dd>
          <dt>Range, 24 h</dt>
          <dd>
            {market.low24hUsd === null ? '–' : formatPrice(market.low24hUsd)} to{' '}
            {market.high24hUsd === null ? '–' : formatPrice(market.high24hUsd)}
          </dd>
          <dt>Circulating</dt>
          <dd>{coins(market.circulatingSupply)}</dd>
          <dt>Total supply</dt>
          <dd>{coins(market.totalSupply)}</dd>
          <dt>Max supply</dt>
          <dd>{market.maxSupply === null ? 'no bound' : coins(market.maxSupply)}</dd>
          <dt>All-time high</dt>
          <dd>{extreme(market.athUsd, market.athAt)}</dd>
          <dt>All-time low</dt>
          <dd>{extreme(market.atlUsd, market.atlAt)}</dd>
        </dl>
      )}
    </section>
  );
}
