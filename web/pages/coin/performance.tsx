/** How the coin did, each figure with what it means. */
import type { ReactNode } from 'react';
import type { CoinPerformance } from '../../api/operations/coin.js';
import { formatPrice } from '../../format/decimal.js';
import { formatDate, formatMinute, formatRatio, formatShare } from '../../format/figures.js';
import { Change } from '../../ui/change.js';
import { Empty } from '../../ui/states.js';

interface Figure {
  label: string;
  meaning: string;
  show(performance: CoinPerformance): ReactNode;
}

const RETURNS: Figure[] = [
  { label: '1 day', meaning: 'Close of the day against the close one day before.', show: (p) => <Change value={p.return1dPct} /> },
  { label: '7 days', meaning: 'Close of the day against the close 7 days before.', show: (p) => <Change value={p.return7dPct} /> },
  { label: '30 days', meaning: 'Close of the day against the close 30 days before.', show: (p) => <Change value={p.return30dPct} /> },
  { label: '90 days', meaning: 'Close of the day against the close 90 days before.', show: (p) => <Change value={p.return90dPct} /> },
  { label: '1 year', meaning: 'Close of the day against the close 365 days before.', show: (p) => <Change value={p.return1yPct} /> },
];

const RISK: Figure[] = [
  {
    label: 'Volatility, 30 d',
    meaning: 'How widely daily returns scatter, over a year. Higher: rougher.',
    show: (p) => formatShare(p.volatility30dPct),
  },
  {
    label: 'Sharpe, 30 d',
    meaning: 'Return per unit of that risk, risk-free rate 0. Above 1 is good.',
    show: (p) => formatRatio(p.sharpe30d),
  },
  { label: 'Max drawdown, 90 d', meaning: 'The deepest fall from a peak.', show: (p) => <Change value={p.maxDrawdown90dPct} /> },
  {
    label: 'RSI, 14 d',
    meaning: 'Strength of rises against falls, 0 to 100. Over 70: bought hard; under 30: sold hard.',
    show: (p) => formatRatio(p.rsi14),
  },
  { label: 'Beta to bitcoin, 90 d', meaning: 'How far it moves when bitcoin moves by 1.', show: (p) => formatRatio(p.betaToBitcoin90d) },
  {
    label: 'Correlation to bitcoin, 90 d',
    meaning: 'Whether it moves with bitcoin: 1 always, 0 no relation, -1 against it.',
    show: (p) => formatRatio(p.correlationToBitcoin90d),
  },
  {
    label: 'Mean close, 7 d',
    meaning: 'Simple moving average of the last 7 closes.',
    show: (p) => (p.sma7Usd === null ? '–' : formatPrice(p.sma7Usd)),
  },
  {
    label: 'Mean close, 30 d',
    meaning: 'Simple moving average of 30 days.',
    show: (p) => (p.sma30Usd === null ? '–' : formatPrice(p.sma30Usd)),
  },
];

export function Performance({ performance }: { performance: CoinPerformance | null }) {
  return (
    <section className="panel" aria-label="Performance">
      <div className="panel-head">
        <h2>Performance</h2>
        {performance !== null && (
          <span className="muted small" title={`Computed ${formatMinute(performance.computedAt)} UTC`}>
            Close of {formatDate(performance.day)}: {formatPrice(performance.priceUsd)}
          </span>
        )}
      </div>
      {performance === null ? (
        <Empty title="No figures yet">They are published after the first day that has a close. Nothing is made up before.</Empty>
      ) : (
        <>
          <dl className="returns">
            {RETURNS.map(({ label, meaning, show }) => (
              <div key={label} title={meaning}>
                <dt>{label}</dt>
                <dd>{show(performance)}</dd>
              </div>
            ))}
          </dl>
          <dl className="meanings">
            {RISK.map(({ label, meaning, show }) => (
              <div key={label}>
                <dt>
                  {label}
                  <span className="muted">{meaning}</span>
                </dt>
                <dd>{show(performance)}</dd>
              </div>
            ))}
          </dl>
          <p className="small muted panel-note">– stands where the history is too short for a figure.</p>
        </>
      )}
    </section>
  );
}
