/** The market: an overview, and every coin with its live price. */
import './market.css';
import { Page } from '../../ui/page.js';
import { Problem } from '../../ui/states.js';
import { MarketTable } from './market-table.js';
import { Overview } from './overview.js';
import { useMarket } from './use-market.js';

export function MarketPage() {
  const { coins, trends, problem, refresh } = useMarket();
  return (
    <Page title="Market">
      <Overview />
      {coins === null && problem !== null ? (
        <div className="panel">
          <Problem what="The coins cannot be shown" problem={problem} retry={() => void refresh()} />
        </div>
      ) : (
        <MarketTable coins={coins} trends={trends} />
      )}
    </Page>
  );
}
