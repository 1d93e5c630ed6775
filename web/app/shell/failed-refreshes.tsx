/** Which parts of the page are older than they should be, of when they are, and why nothing newer came. */
import { useEffect } from 'react';
import { refreshFailed, useFailures } from '../../api/failed-refreshes.js';
import { formatMinute } from '../../format/figures.js';
import { useStream } from '../../live/prices.js';

export function FailedRefreshes() {
  const failures = useFailures();
  const connected = useStream((stream) => stream.connected);
  // What is asked once a minute need not be old for that long after the platform is back.
  useEffect(() => {
    if (connected) refreshFailed();
  }, [connected]);
  return (
    <div role="status">
      {failures.map(({ what, answeredAt, problem }) => (
        <div key={problem} className="banner stale" data-testid="failed-refresh">
          <strong>Could not be refreshed: {what.join(', ')}.</strong>{' '}
          {what.length === 1 ? 'What you see is the last good answer, of' : 'What you see are the last good answers, the oldest of'}{' '}
          {formatMinute(answeredAt)}. {problem}.
          <button type="button" className="button" onClick={refreshFailed}>
            Try again
          </button>
        </div>
      ))}
    </div>
  );
}
