/** What the reader must know before believing a number: no connection, old data, or a break and what it cost. */
import { useEffect, useState } from 'react';
import type { Platform } from '../../api/operations/market.js';
import { formatSpan, plural } from '../../format/figures.js';
import type { Resumption } from '../../live/continuity.js';
import { useStream } from '../../live/prices.js';
import { useNow } from '../../ui/now.js';
import { useStaleness } from '../platform.js';

/** A first connection takes a moment, and a short break is nobody's business. */
const PATIENCE_MS = 1_500;
const SHOWN_MS = 12_000;

export function Banners({ platform }: { platform: Platform | undefined }) {
  const connected = useStream((stream) => stream.connected);
  const refused = useStream((stream) => stream.refused);
  const staleness = useStaleness(platform);
  const lost = useLost(connected);
  const resumed = useResumed(connected);
  return (
    <>
      {/* Each event once; what counts on below would be read out each second. */}
      <p role="status" className="visually-hidden">
        {lost && 'Disconnected. '}
        {resumed && `Connected again${resumed.lost ? ': what was told meanwhile is lost' : ''}. `}
        {connected && refused !== null && 'Prices are not told live. '}
        {connected && staleness !== null && 'Prices stand still. '}
        {connected && platform?.history != null && 'History is still loading. '}
      </p>
      {lost && <Lost />}
      {connected && refused !== null && (
        <div className="banner lost">
          <strong>Prices are not told live.</strong> The platform refuses it: {refused}. Trying again.
        </div>
      )}
      {connected && staleness !== null && (
        <div className="banner stale">
          <strong>Prices stand still.</strong> The newest is {formatSpan(staleness)} old: the source or the stream is behind.
        </div>
      )}
      {connected && platform?.history != null && (
        <div className="banner stale">
          <strong>History is still loading.</strong>{' '}
          {platform.history.intervalsTotal === 0
            ? 'Nobody has looked yet for what is missing: '
            : `${platform.history.intervalsDone} of ${platform.history.intervalsTotal} intervals: `}
          figures that need more are left out.
        </div>
      )}
      {resumed && <Resumed resumption={resumed} />}
    </>
  );
}

function useLost(connected: boolean): boolean {
  const [lost, setLost] = useState(false);
  useEffect(() => {
    if (connected) return setLost(false);
    const timer = setTimeout(() => setLost(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [connected]);
  return lost && !connected;
}

function Lost() {
  const lostAt = useStream((stream) => stream.lostAt);
  useNow(); // counts on; both ends of what it counts are the reader's own
  return (
    <div className="banner lost" data-testid="disconnected">
      <strong>Disconnected for {formatSpan(Date.now() - (lostAt ?? Date.now()))}.</strong> What you see is the last that was received.
      Trying again; what is missed meanwhile will be sent first.
    </div>
  );
}

/** The newest break, for a while after it was closed. */
function useResumed(connected: boolean): Resumption | undefined {
  const newest = useStream((stream) => stream.continuity.resumptions[0]);
  const backAt = newest?.backAt;
  const [hidden, setHidden] = useState(0);
  useEffect(() => {
    if (backAt === undefined) return;
    const timer = setTimeout(() => setHidden(backAt), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [backAt]);
  return connected && backAt !== hidden ? newest : undefined;
}

function Resumed({ resumption }: { resumption: Resumption }) {
  const broken = useStream((stream) => stream.continuity.broken);
  return (
    <div className={`banner ${resumption.lost ? 'stale' : 'resumed'}`} data-testid="resumed">
      <strong>Back after {formatSpan(resumption.backAt - resumption.lostAt)}.</strong> {describeBreak(resumption, broken)}
    </div>
  );
}

function describeBreak({ lost, caughtUp }: Resumption, broken: number): string {
  if (lost) return 'What was told meanwhile is lost: prices are asked for anew.';
  if (broken > 0) return `${plural(broken, 'update')} could not be chained to the one before.`;
  return `${plural(caughtUp, 'update')} observed until then came since, none is missing.`;
}
