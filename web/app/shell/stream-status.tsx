/** The stream, and the proof that it has no gap: how many updates followed exactly on the one before, and what each break came to. */
import { formatClock, formatCount, formatSpan, plural } from '../../format/figures.js';
import { type StreamState, useStream } from '../../live/prices.js';

const ID = 'stream';

export function StreamStatus() {
  const stream = useStream();
  return (
    <>
      <button type="button" className={`button stream-button${stream.connected ? '' : ' lost'}`} popoverTarget={ID}>
        <span className="dot" />
        <span className="label">{stream.connected ? 'Live' : 'Offline'}</span>
        <span className="visually-hidden">{stream.connected ? 'Connected' : 'Disconnected'}: the stream of prices</span>
      </button>
      <section className="popover" popover="auto" id={ID} aria-label="The stream of prices">
        <h2>{stream.connected ? 'Live, without a gap' : 'Disconnected'}</h2>
        <p>
          Every update names the price that it replaced. If that is not the last price received, one is missing. After a break the
          subscription goes on from its cursor.
        </p>
        <Facts {...stream} />
      </section>
    </>
  );
}

function Facts({ continuity, cursor, newestObservedAt }: StreamState) {
  const { received, linked, broken, resumptions, expiries } = continuity;
  return (
    <>
      <dl className="facts">
        <dt>Updates received</dt>
        <dd data-testid="received">{formatCount(received)}</dd>
        <dt>Follow on the one before</dt>
        <dd data-testid="linked">{formatCount(linked)}</dd>
        <dt>Missing between two</dt>
        <dd data-testid="broken" className={broken > 0 ? 'down' : 'up'}>
          {formatCount(broken)}
        </dd>
        <dt>Newest observation</dt>
        <dd>{newestObservedAt === null ? '–' : `${formatClock(newestObservedAt)} UTC`}</dd>
      </dl>
      {resumptions.length > 0 && (
        <ul className="resumptions" data-testid="resumptions">
          {resumptions.map(({ lostAt, backAt, caughtUp }) => (
            <li key={backAt}>
              {formatClock(backAt)}: back after {formatSpan(backAt - lostAt)}, {plural(caughtUp, 'update')} caught up
            </li>
          ))}
        </ul>
      )}
      {expiries > 0 && (
        <p className="warn">
          The cursor had expired {plural(expiries, 'time')}: updates are kept for 24 hours. Prices were asked for anew.
        </p>
      )}
      {cursor !== null && (
        <>
          <p className="cursor-label">Cursor: the place to go on from</p>
          <code className="cursor">{cursor}</code>
        </>
      )}
    </>
  );
}
