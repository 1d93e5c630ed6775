/** The bar: where one is, whose market this is, whether it is live. */
import { Link, useLocation } from 'wouter';
import type { Platform } from '../../api/operations/market.js';
import { formatCount } from '../../format/figures.js';
import { useAlertFeed } from '../../live/alerts.js';
import { Icon, type IconName } from '../../ui/icons.js';
import { KeyDialog } from '../../ui/key-dialog.js';
import { StreamStatus } from './stream-status.js';
import { ThemeSwitch } from './theme-switch.js';

interface Place {
  href: string;
  label: string;
  icon: IconName;
  holds(path: string): boolean;
}

const PLACES: Place[] = [
  { href: '/', label: 'Market', icon: 'market', holds: (path) => path === '/' || path.startsWith('/coins/') },
  { href: '/alerts', label: 'Alerts', icon: 'alerts', holds: (path) => path.startsWith('/alerts') },
  { href: '/pipelines', label: 'Pipelines', icon: 'pipelines', holds: (path) => path.startsWith('/pipelines') },
];

export function Header({ platform }: { platform: Platform | undefined }) {
  const [path] = useLocation();
  const { unseen } = useAlertFeed();
  return (
    <header className="bar">
      <Link href="/" className="brand" aria-label="Crypto Data Platform: market">
        <Mark />
        <span className="long">Crypto Data Platform</span>
      </Link>
      {platform?.realm === 'SIMULATED' && (
        <span className="badge warn realm" title="The prices here are made up by the built-in simulator">
          Simulated market
        </span>
      )}
      <nav className="nav" aria-label="Pages">
        {PLACES.map(({ href, label, icon, holds }) => (
          <Link key={href} href={href} aria-current={holds(path) ? 'page' : undefined}>
            <Icon name={icon} size={20} />
            {label}
            {href === '/alerts' && unseen > 0 && (
              <span className="count">
                {unseen > 99 ? '99+' : formatCount(unseen)}
                <span className="visually-hidden"> new</span>
              </span>
            )}
          </Link>
        ))}
      </nav>
      <StreamStatus />
      <KeyDialog />
      <ThemeSwitch />
    </header>
  );
}

function Mark() {
  return (
    <svg aria-hidden="true" width="20" height="20" viewBox="0 0 20 20" fill="currentColor">
      <rect x="1.5" y="8" width="4" height="8" rx="1" opacity="0.45" />
      <rect x="8" y="3" width="4" height="12" rx="1" />
      <rect x="14.5" y="6" width="4" height="7" rx="1" opacity="0.45" />
    </svg>
  );
}
