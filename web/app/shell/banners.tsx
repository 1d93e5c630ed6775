/** What the reader must know before believing a number: no connection, old data, or a break that was closed without a loss. */
import { useEffect, useState } from 'react';
import type { Platform } from '../../api/operations/market.js';
import { formatSpan, plural } from '../../format/figures.js';
import { useStream } from '../../live/prices.js';
import { useNow } from '../../ui/now.js';
import { useStaleness } from '../platform.js';

/** A first connection takes a moment, and a short break is nobody's business. */
const PATIENCE_MS = 1_500;
const SHOWN_MS = 12_000;

export function Banners({ platform }: { platform: Platform | undefined }) {
  const { connected } = useStream();
  const staleness = useStaleness(platform);
  return (
    <div role="status">
      {!connected && <Lost />}
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
  const { lostAt } = useStream();
  const now = useNow();
  const [mounted] = useState(Date.now);
  const since = lostAt ?? mounted;
  if (now - since < PATIENCE_MS) return null;
  return (
    <div className="banner lost" data-testid="disconnected">
      <strong>Disconnected for {formatSpan(now - since)}.</strong> What you see is the last that was received. Trying again; what is missed
      meanwhile will be sent first.
    </div>
  );
}

function Resumed() {
  const { connected, continuity } = useStream();
  const [newest] = continuity.resumptions;
  const [hidden, setHidden] = useState(0);
  useEffect(() => {
    if (newest === undefined) return;
    const timer = setTimeout(() => setHidden(newest.backAt), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [newest]);
  if (!connected || newest === undefined || hidden >= newest.backAt) return null;
  return (
    <div className="banner resumed" data-testid="resumed">
      <strong>Back after {formatSpan(newest.backAt - newest.lostAt)}.</strong>{' '}
      {continuity.broken === 0
        ? `${plural(newest.caughtUp, 'update')} of the break came first, none is missing.`
        : `${plural(continuity.broken, 'update')} could not be chained to the one before.`}
    </div>
  );
}
