/** The pages and the frame around them. Pages but the market are loaded when they are first opened. */
import { Suspense } from 'react';
import { Link, Route, Switch, useLocation } from 'wouter';
import { MarketPage } from '../pages/market/market-page.js';
import { ErrorBoundary } from '../ui/error-boundary.js';
import { Page } from '../ui/page.js';
import { Empty, Skeleton } from '../ui/states.js';
import { lazyPage } from './lazy-page.js';
import { usePlatform } from './platform.js';
import { Banners } from './shell/banners.js';
import { FailedRefreshes } from './shell/failed-refreshes.js';
import { Footer } from './shell/footer.js';
import { Header } from './shell/header.js';

const CoinPage = lazyPage(() => import('../pages/coin/coin-page.js'));
const AlertsPage = lazyPage(() => import('../pages/alerts/alerts-page.js'));
const PipelinesPage = lazyPage(() => import('../pages/pipelines/pipelines-page.js'));

export function App() {
  const platform = usePlatform();
  const [path] = useLocation();
  return (
    <>
      <a className="skip" href="#content">
        To the content
      </a>
      <Header platform={platform} />
      <Banners platform={platform} />
      <FailedRefreshes />
      <ErrorBoundary place={path}>
        <Suspense fallback={<Opening />}>
          <Switch>
            <Route path="/">
              <MarketPage />
            </Route>
            <Route path="/coins/:id">{({ id }) => <CoinPage key={id} id={decodeURIComponent(id)} />}</Route>
            <Route path={/^\/alerts(?:\/(?<tab>history|rules))?$/}>{({ tab }) => <AlertsPage tab={tab ?? 'live'} />}</Route>
            <Route path={/^\/pipelines(?:\/(?<tab>runs|failures))?$/}>{({ tab }) => <PipelinesPage tab={tab ?? 'datasets'} />}</Route>
            <Route>
              <Nowhere />
            </Route>
          </Switch>
        </Suspense>
      </ErrorBoundary>
      <Footer platform={platform} />
    </>
  );
}

function Opening() {
  return (
    <main className="page" aria-busy="true">
      <div className="page-head">
        <Skeleton width="9em" />
      </div>
    </main>
  );
}

function Nowhere() {
  return (
    <Page title="Nothing here">
      <div className="panel">
        <Empty title="There is no page at this address">
          The pages of the platform are in the bar. For the API there are <a href="/graphiql">GraphiQL</a> and <a href="/api">REST</a>.
        </Empty>
        <p className="more">
          <Link href="/" className="button primary">
            To the market
          </Link>
        </p>
      </div>
    </Page>
  );
}
