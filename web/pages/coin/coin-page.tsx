/** One coin: its price, candles, figures and alerts. */
import '../alerts/alerts.css';
import './coin.css';
import { type MouseEvent, useEffect, useMemo } from 'react';
import { Link } from 'wouter';
import { useAnswer } from '../../api/client.js';
import { COIN, type CoinDetail } from '../../api/operations/coin.js';
import { formatSpan } from '../../format/figures.js';
import { changeWith, priceFeed, STALE_MS, useLivePrice } from '../../live/prices.js';
import { Change } from '../../ui/change.js';
import { CoinMark } from '../../ui/coin-mark.js';
import { Icon } from '../../ui/icons.js';
import { LivePrice } from '../../ui/live-price.js';
import { useNow } from '../../ui/now.js';
import { Page } from '../../ui/page.js';
import { Empty, Problem, Skeleton } from '../../ui/states.js';
import { CandlesPanel } from './candles-panel.js';
import { CoinAlerts } from './coin-alerts.js';
import { MarketFigures } from './market-figures.js';
import { Performance } from './performance.js';

const ASK_AGAIN_MS = 30_000;

export default function CoinPage({ id }: { id: string }) {
  const variables = useMemo(() => ({ id }), [id]);
  const { data, problem, refresh } = useAnswer(COIN, variables, { everyMs: ASK_AGAIN_MS });
  const coin = data?.coin;
  useEffect(() => {
    if (coin?.price) priceFeed.seed(coin.id, coin.price);
  }, [coin]);
  if (coin === null) return <Unknown id={id} />;
  if (coin === undefined && problem !== null) {
    return (
      <Page title={id}>
        <div className="panel">
          <Problem what="The coin cannot be shown" problem={problem} retry={refresh} />
        </div>
      </Page>
    );
  }
  const name = coin?.name ?? id;
  return (
    <Page title={name} heading={<Heading id={id} coin={coin} />}>
      <div className="coin-columns">
        <div className="column">
          <CandlesPanel id={id} name={name} />
          <CoinAlerts id={id} name={name} alerts={coin?.alerts.nodes} />
        </div>
        <div className="column">
          {coin === undefined ? <div className="panel tall" /> : <Performance performance={coin.performance} />}
          {coin === undefined ? <div className="panel tall" /> : <MarketFigures market={coin.market} />}
        </div>
      </div>
    </Page>
  );
}

/** By the browser's own way where that leads to the market, whose order, search and place are kept there. */
function goBack(event: MouseEvent): void {
  if (history.state?.from !== 'market') return;
  event.preventDefault();
  history.back();
}

function Heading({ id, coin }: { id: string; coin: CoinDetail | undefined }) {
  return (
    <div className="coin-heading">
      <Link href="/" className="icon-button" aria-label="Back to the market" onClick={goBack}>
        <Icon name="back" />
      </Link>
      <CoinMark id={id} symbol={coin?.symbol ?? id} size={40} />
      <div>
        <h1>{coin?.name ?? <Skeleton width="5em" />}</h1>
        <div className="muted small">{coin === undefined ? ' ' : `${coin.symbol.toUpperCase()} · rank ${coin.rank ?? 'unknown'}`}</div>
      </div>
      <div className="coin-price" data-testid="coin-price">
        <div className="figure">
          <LivePrice coinId={id} large />
        </div>
        <Since coin={coin} />
      </div>
    </div>
  );
}

function Since({ coin }: { coin: CoinDetail | undefined }) {
  const now = useNow();
  const live = useLivePrice(coin?.id ?? '');
  if (coin === undefined || live === undefined || coin.price === null) return <div className="small"> </div>;
  const age = now - Date.parse(live.observedAt);
  return (
    <div className="small">
      <Change value={changeWith(live, coin.price)} /> <span className="muted">in 24 h · </span>
      <span className={age > STALE_MS ? 'warn' : 'muted'}>
        {age > STALE_MS ? 'stale: ' : ''}observed {formatSpan(age)} ago by {coin.price.source}
      </span>
    </div>
  );
}

function Unknown({ id }: { id: string }) {
  return (
    <Page title="Unknown coin">
      <div className="panel">
        <Empty title={`The platform does not follow “${id}”`}>
          Coins go by their CoinGecko id, such as “bitcoin”. <Link href="/">To the market</Link>
        </Empty>
      </div>
    </Page>
  );
}
