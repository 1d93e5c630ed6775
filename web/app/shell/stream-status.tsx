/** The stream, and the proof that it has no gap: how many updates followed exactly on the one before, and what each break came to. */
import { formatClock, formatCount, formatSpan, plural } from '../../format/figures.js';
import { isLive, type StreamState, useStream } from '../../live/prices.js';

const ID = 'stream';

export function StreamStatus() {
  const stream = useStream((state) => state);
  const live = isLive(stream);
  return (
    <>
      <button type="button" className={`button stream-button${live ? '' : ' lost'}`} popoverTarget={ID}>
        <span className="dot" />
        <span className="label">{live ? 'Live' : 'Offline'}</span>
        <span className="visually-hidden">{live ? 'Connected' : stream.connected ? 'Refused' : 'Disconnected'}: the stream of prices</span>
      </button>
      <section className="popover" popover="auto" id={ID} aria-label="The stream of prices">
        <h2>{live ? describeLive(stream) : stream.connected ? 'Refused' : 'Disconnected'}</h2>
        <p>
          Every update names the price that it replaced. If that is not the last price received, one is missing. After a break the
          subscription goes on from its cursor.
        </p>
        <Facts {...stream} />
      </section>
    </>
  );
}

function describeLive({ continuity: { broken, losses } }: StreamState): string {
  return broken > 0 || losses > 0 ? 'Live, with a gap' : 'Live, without a gap';
}

function Facts({ continuity, cursor, newestObservedAt }: StreamState) {
  const { received, linked, broken, resumptions, losses } = continuity;
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
          {resumptions.map(({ lostAt, backAt, caughtUp, lost }) => (
            <li key={backAt}>
              {formatClock(backAt)}: back after {formatSpan(backAt - lostAt)},{' '}
              {lost ? 'what was told meanwhile is lost' : `${plural(caughtUp, 'update')} observed until then came since`}
            </li>
          ))}
        </ul>
      )}
      {losses > 0 && (
        <p className="warn">
          Updates were lost {plural(losses, 'time')}: there was no cursor yet, or it had expired (updates are kept for 24 hours). Prices
          were asked for anew.
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
