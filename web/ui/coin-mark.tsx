/** A coin's place where its logo would be: the logos lie on the source's servers, and this page asks no server but its own. */

/** Some hue for each coin, always the same. */
function hueOf(id: string): number {
  let hash = 7;
  for (const letter of id) hash = (hash * 31 + letter.charCodeAt(0)) % 3_600;
  return hash / 10;
}

export function CoinMark({ id, symbol, size = 28 }: { id: string; symbol: string; size?: number }) {
  return (
    <span
      className="coin-mark"
      aria-hidden="true"
      style={{ '--hue': hueOf(id), width: size, height: size, fontSize: size * 0.31 } as object}
    >
      {(symbol || id).slice(0, 4).toUpperCase()}
    </span>
  );
}
