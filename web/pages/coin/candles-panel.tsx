/** The chart with its interval, and the candle under the pointer in words. */
import { useState } from 'react';
import type { CandleFields, CandleInterval } from '../../api/operations/coin.js';
import { tabStorage } from '../../api/storage.js';
import { formatExact } from '../../format/decimal.js';
import { formatDate, formatMinute, plural } from '../../format/figures.js';
import { Segments } from '../../ui/controls/segments.js';
import { Empty, Problem, Skeleton } from '../../ui/states.js';
import { CandleChart } from './candle-chart.js';
import { useCandles } from './use-candles.js';

const INTERVALS = [
  { value: 'ONE_MINUTE', label: '1 m' },
  { value: 'FIVE_MINUTES', label: '5 m' },
  { value: 'ONE_HOUR', label: '1 h' },
  { value: 'ONE_DAY', label: '1 d' },
] as const satisfies { value: CandleInterval; label: string }[];

const PLACE = 'candle-interval';

function keptInterval(): CandleInterval {
  const kept = tabStorage.get(PLACE);
  return INTERVALS.find(({ value }) => value === kept)?.value ?? 'ONE_HOUR';
}

export function CandlesPanel({ id, name }: { id: string; name: string }) {
  const [interval, setInterval] = useState(keptInterval);
  const [pointed, setPointed] = useState<CandleFields | null>(null);
  const { candles, loaded, problem, refresh } = useCandles(id, interval);
  const choose = (next: CandleInterval) => {
    tabStorage.set(PLACE, next);
    setPointed(null);
    setInterval(next);
  };
  const daily = interval === 'ONE_DAY';
  return (
    <section className="panel" aria-label="Candles">
      <div className="panel-head">
        <div className="legend-place">
          <Legend candle={pointed ?? candles.at(-1)} daily={daily} />
        </div>
        <Segments label="Interval" segments={INTERVALS} value={interval} onChange={choose} />
      </div>
      <div className="chart-place">
        {candles.length > 0 && (
          <CandleChart
            candles={candles}
            series={`${id} ${interval}`}
            showTime={!daily}
            label={`${name}: candles of ${interval.toLowerCase().replace('_', ' ')}`}
            onPoint={setPointed}
          />
        )}
        {candles.length === 0 && problem !== null && <Problem what="The candles cannot be shown" problem={problem} retry={refresh} />}
        {candles.length === 0 && problem === null && loaded && (
          <Empty title="No candles yet">They appear with the first observation.</Empty>
        )}
      </div>
      <p className="chart-credit muted">
        A bucket holds what was observed after its start, up to and including its end (UTC); a dash holds one observation, as history gives
        them. Charts by{' '}
        <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
          TradingView
        </a>
      </p>
    </section>
  );
}

function Legend({ candle, daily }: { candle: CandleFields | undefined; daily: boolean }) {
  if (candle === undefined) return <Skeleton width="16em" />;
  return (
    <dl className="legend" data-testid="candle">
      <dt>{daily ? formatDate(candle.bucketStart) : formatMinute(candle.bucketStart)}</dt>
      {(['open', 'high', 'low', 'close'] as const).map((part) => (
        <dd key={part}>
          <abbr title={part}>{part.charAt(0).toUpperCase()}</abbr> {formatExact(candle[part])}
        </dd>
      ))}
      <dd className="muted observations">{plural(candle.observations, 'observation')}</dd>
    </dl>
  );
}
