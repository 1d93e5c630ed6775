/** Parts of a page that have addresses of their own. */
import { Link } from 'wouter';

interface Tab {
  href: string;
  label: string;
  current: boolean;
}

export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map(({ href, label: text, current }) => (
        <Link key={href} href={href} aria-current={current ? 'page' : undefined}>
          {text}
        </Link>
      ))}
    </nav>
  );
}
