/** The coin's alerts: those of the past, and each new one as it is sent. */
import { Link } from 'wouter';
import type { AlertFields } from '../../api/operations/alerts.js';
import { useAlertFeed, withStatus } from '../../live/alerts.js';
import { Empty } from '../../ui/states.js';
import { AlertList } from '../alerts/alert-list.js';

const MOST_SHOWN = 10;

export function CoinAlerts({ id, name, alerts }: { id: string; name: string; alerts: AlertFields[] | undefined }) {
  const sent = useAlertFeed().alerts.filter((alert) => alert.fresh && alert.coin.id === id);
  const fresh = withStatus(sent, alerts);
  const seen = new Set(fresh.map((alert) => alert.id));
  const shown = [...fresh, ...(alerts ?? []).filter((alert) => !seen.has(alert.id))].slice(0, MOST_SHOWN);
  return (
    <section className="panel" aria-label="Alerts of the coin">
      <div className="panel-head">
        <h2>Alerts</h2>
        <Link href={`/alerts/rules?coin=${encodeURIComponent(id)}`} className="button">
          Watch {name}
        </Link>
      </div>
      {alerts !== undefined && shown.length === 0 ? (
        <Empty title="No alerts of this coin">Rules that name it, or every coin, bring them here the moment they fire.</Empty>
      ) : (
        <AlertList alerts={shown} />
      )}
    </section>
  );
}
