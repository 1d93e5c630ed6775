/**
 * A price that flashes when it changes, green up and red down, without moving anything; paler where it stands still. Its title holds every
 * digit, and what there is to know before believing it.
 */
import { formatExact, formatPrice } from '../format/decimal.js';
import { formatMinute } from '../format/figures.js';
import { STALE_MS, useLivePrice } from '../live/prices.js';
import { usePresent } from './now.js';

export function LivePrice({ coinId, large = false }: { coinId: string; large?: boolean }) {
  const price = useLivePrice(coinId);
  const stale = usePresent((present) => price !== undefined && present - Date.parse(price.observedAt) > STALE_MS);
  if (price === undefined) return <span className="muted">–</span>;
  const direction = price.direction > 0 ? 'up' : price.direction < 0 ? 'down' : 'same';
  const doubts = [
    stale && `stale: observed ${formatMinute(price.observedAt)} UTC`,
    price.suspect && 'suspect: it jumped further than the platform believes',
  ].filter((doubt) => doubt !== false);
  return (
    <span
      // Another element for each update: the flash begins anew.
      key={price.pushes}
      className={`price${large ? ' large' : ''}${stale ? ' stale' : ''}${price.pushes > 0 ? ` flash-${direction}` : ''}`}
      title={[formatExact(price.usd), ...doubts].join('; ')}
      data-price={price.usd}
      data-pushes={price.pushes}
    >
      {formatPrice(price.usd)}
      {price.suspect && (
        <span className="warn" aria-hidden="true">
          {' '}
          ?
        </span>
      )}
      {doubts.length > 0 && <span className="visually-hidden"> {doubts.join('; ')}</span>}
    </span>
  );
}
