/** Whose data it is, in the words and with the link that the source's terms ask for; and the other ways to the same data. */
import type { Platform } from '../../api/operations/market.js';

const LINK = /\((https:\/\/[^\s)]+)\)/;

export function Footer({ platform }: { platform: Platform | undefined }) {
  return (
    <footer className="footer">
      <span data-testid="attribution">{platform === undefined ? ' ' : <Attribution text={platform.attribution} />}</span>
      <a href="/graphiql">GraphiQL</a>
      <a href="/api">REST</a>
      <a href="/status">Status</a>
      <a href="/metrics">Metrics</a>
      {platform !== undefined && <span>Version {platform.version}</span>}
      <span>All times are UTC</span>
    </footer>
  );
}

/** "Data provided by CoinGecko (https://…)": the address becomes the link of the words. */
function Attribution({ text }: { text: string }) {
  const url = LINK.exec(text)?.[1];
  if (url === undefined) return text;
  return (
    <a href={url} target="_blank" rel="noreferrer">
      {text.replace(LINK, '').trim()}
    </a>
  );
}
