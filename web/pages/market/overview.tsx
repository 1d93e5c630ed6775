/** The market on its newest published day: size, turnover, breadth, dominance, and who moved most. */
import { type ReactNode, useMemo } from 'react';
import { Link } from 'wouter';
import { useAnswer } from '../../api/client.js';
import { type CoinMove, OVERVIEW, type OverviewDay, type Overview as OverviewOfDay } from '../../api/operations/market.js';
import { formatCompactUsd, toPlot } from '../../format/decimal.js';
import { formatDate, formatShare, plural } from '../../format/figures.js';
import { Change } from '../../ui/change.js';
import { usePresent } from '../../ui/now.js';
import { AreaChart } from '../../ui/sparkline.js';
import { Skeleton } from '../../ui/states.js';

const DAYS = 90;
const ASK_AGAIN_MS = 60_000;

export function Overview() {
  const from = usePresent((present) => new Date(present - DAYS * 86_400_000).toISOString().slice(0, 10));
  const since = useMemo(() => ({ from }), [from]);
  const { data, problem } = useAnswer(OVERVIEW, since, { everyMs: ASK_AGAIN_MS });
  const today = data?.marketOverview;
  if (today === null)
    return <p className="notice warn">No day is published yet: sizes, breadth and dominance follow the first daily run.</p>;
  if (today === undefined && problem !== null) return <p className="notice">The overview cannot be shown: {problem}.</p>;
  return (
    <section className="panel overview" aria-label="Market overview" aria-busy={today === undefined}>
      <Size today={today} days={data?.marketOverviews ?? []} />
      <Breadth today={today} days={data?.marketOverviews ?? []} />
      <Dominance today={today} />
      <Movers today={today} />
    </section>
  );
}

interface TileProps {
  today: OverviewOfDay | undefined;
}

/** "Market cap, 25 Nov 2026": what is published is of a day, not of now. */
function withDay(day: OverviewOfDay | undefined, label: string): string {
  return day === undefined ? label : `${label}, ${formatDate(day.day)}`;
}

function Tile({ label, figure, note, children }: { label: string; figure: ReactNode; note: ReactNode; children: ReactNode }) {
  return (
    <div className="tile">
      <h2>{label}</h2>
      <div className="figure">{figure}</div>
      <div className="note">{note}</div>
      <div className="drawing">{children}</div>
    </div>
  );
}

function Size({ today, days }: TileProps & { days: readonly OverviewDay[] }) {
  const caps = days.map(({ totalMarketCapUsd }) => toPlot(totalMarketCapUsd));
  return (
    <Tile
      label={withDay(today, 'Market cap')}
      figure={today ? formatCompactUsd(today.totalMarketCapUsd) : <Skeleton width="5em" />}
      note={today ? `${formatCompactUsd(today.totalVolume24hUsd)} traded in 24 h · ${plural(today.coinCount, 'coin')}` : ' '}
    >
      <AreaChart values={caps} label={`Market cap over ${plural(days.length, 'day')}`} />
    </Tile>
  );
}

function Breadth({ today, days }: TileProps & { days: readonly OverviewDay[] }) {
  return (
    <Tile
      label={withDay(today, 'Breadth')}
      figure={
        today ? (
          <>
            <span className="up">{today.gainers}</span>
            <span className="muted"> / </span>
            <span className="down">{today.losers}</span>
          </>
        ) : (
          <Skeleton width="4em" />
        )
      }
      note={today ? 'coins that rose, and that fell' : ' '}
    >
      <BreadthBars days={days} />
    </Tile>
  );
}

/** A bar a day: the share that rose stands above the line, the share that fell hangs below. */
function BreadthBars({ days }: { days: readonly OverviewDay[] }) {
  return (
    <svg
      className="area"
      viewBox={`0 0 ${DAYS} 40`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Share of coins that rose and fell, ${plural(days.length, 'day')}`}
    >
      {days.slice(-DAYS).map(({ day, gainers, losers, coinCount }, index) => {
        const rose = (gainers / Math.max(coinCount, 1)) * 20;
        const fell = (losers / Math.max(coinCount, 1)) * 20;
        return (
          <g key={day}>
            <rect x={index + 0.15} y={20 - rose} width="0.7" height={rose} fill="var(--up)" />
            <rect x={index + 0.15} y={20} width="0.7" height={fell} fill="var(--down)" opacity="0.75" />
          </g>
        );
      })}
    </svg>
  );
}

/** Of the whole market where the source says so; else among the coins that are followed here, which is more. */
function Dominance({ today }: TileProps) {
  const whole = today?.globalBitcoinDominancePct ?? null;
  const bitcoin = whole ?? today?.bitcoinDominancePct ?? null;
  const ethereum = whole === null ? (today?.ethereumDominancePct ?? null) : null;
  return (
    <Tile
      label={withDay(today, 'Bitcoin dominance')}
      figure={today ? formatShare(bitcoin) : <Skeleton width="4em" />}
      note={today ? (whole === null ? `of the coins followed here · Ethereum ${formatShare(ethereum)}` : 'of the whole market') : ' '}
    >
      {bitcoin !== null && (
        <svg className="area" viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">
          <rect x="0" y="16" width="100" height="8" fill="var(--line)" />
          <rect x="0" y="16" width={bitcoin} height="8" fill="var(--accent)" />
          {ethereum !== null && <rect x={bitcoin} y="16" width={ethereum} height="8" fill="var(--accent)" opacity="0.5" />}
        </svg>
      )}
    </Tile>
  );
}

function Movers({ today }: TileProps) {
  return (
    <div className="tile movers">
      <h2>{withDay(today, 'Movers')}</h2>
      <MoverList label="Rose most" moves={today?.topGainers} />
      <MoverList label="Fell most" moves={today?.topLosers} />
    </div>
  );
}

function MoverList({ label, moves }: { label: string; moves: CoinMove[] | undefined }) {
  return (
    <ul aria-label={label}>
      {(moves ?? [null, null, null]).map((move, index) => (
        <li key={move?.coin.id ?? index}>
          {move === null ? (
            <Skeleton width="100%" />
          ) : (
            <Link href={`/coins/${encodeURIComponent(move.coin.id)}`}>
              <span>{move.coin.symbol.toUpperCase()}</span>
              <Change value={move.return1dPct} />
            </Link>
          )}
        </li>
      ))}
    </ul>
  );
}
