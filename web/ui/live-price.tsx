/** A price that flashes when it changes, green up and red down, without moving anything. Its title holds every digit. */
import { formatExact, formatPrice } from '../format/decimal.js';
import { useLivePrice } from '../live/prices.js';

export function LivePrice({ coinId, large = false }: { coinId: string; large?: boolean }) {
  const price = useLivePrice(coinId);
  if (price === undefined) return <span className="muted">–</span>;
  const direction = price.direction > 0 ? 'up' : price.direction < 0 ? 'down' : 'same';
  return (
    <span
      // Another element for each update: the flash begins anew.
      key={price.pushes}
      className={`price${large ? ' large' : ''}${price.pushes > 0 ? ` flash-${direction}` : ''}`}
      title={`${formatExact(price.usd)}${price.suspect ? ' (suspect: it jumped further than the platform believes)' : ''}`}
      data-price={price.usd}
      data-pushes={price.pushes}
    >
      {formatPrice(price.usd)}
      {price.suspect && <span className="warn"> ?</span>}
    </span>
  );
}
