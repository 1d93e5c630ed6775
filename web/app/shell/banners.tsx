/** What the reader must know before believing a number: no connection, old data, or a break and what it cost. */
import { useEffect, useState } from 'react';
import type { Platform } from '../../api/operations/market.js';
import { formatSpan, plural } from '../../format/figures.js';
import { type StreamState, useStream } from '../../live/prices.js';
import { useNow } from '../../ui/now.js';
import { useStaleness } from '../platform.js';

/** A first connection takes a moment, and a short break is nobody's business. */
const PATIENCE_MS = 1_500;
const SHOWN_MS = 12_000;

export function Banners({ platform }: { platform: Platform | undefined }) {
  const connected = useStream((stream) => stream.connected);
  const refused = useStream((stream) => stream.refused);
  const staleness = useStaleness(platform);
  return (
    <div role="status">
      {!connected && <Lost />}
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
      <Resumed />
    </div>
  );
}

function Lost() {
  const lostAt = useStream((stream) => stream.lostAt);
  const [mounted] = useState(Date.now);
  useNow(); // counts on; both ends of what it counts are the reader's own
  const lasts = Date.now() - (lostAt ?? mounted);
  if (lasts < PATIENCE_MS) return null;
  return (
    <div className="banner lost" data-testid="disconnected">
      <strong>Disconnected for {formatSpan(lasts)}.</strong> What you see is the last that was received. Trying again; what is missed
      meanwhile will be sent first.
    </div>
  );
}

function Resumed() {
  const connected = useStream((stream) => stream.connected);
  const continuity = useStream((stream) => stream.continuity);
  const [newest] = continuity.resumptions;
  const backAt = newest?.backAt;
  const [hidden, setHidden] = useState(0);
  useEffect(() => {
    if (backAt === undefined) return;
    const timer = setTimeout(() => setHidden(backAt), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [backAt]);
  if (!connected || newest === undefined || hidden >= newest.backAt) return null;
  return (
    <div className={`banner ${newest.lost ? 'stale' : 'resumed'}`} data-testid="resumed">
      <strong>Back after {formatSpan(newest.backAt - newest.lostAt)}.</strong> {describeBreak(newest, continuity.broken)}
    </div>
  );
}

type Continuity = StreamState['continuity'];

function describeBreak({ lost, caughtUp }: Continuity['resumptions'][number], broken: number): string {
  if (lost) return 'What was told meanwhile is lost: prices are asked for anew.';
  if (broken > 0) return `${plural(broken, 'update')} could not be chained to the one before.`;
  return `${plural(caughtUp, 'update')} observed until then came since, none is missing.`;
}
