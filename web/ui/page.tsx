/** A page: its title in the browser's tab too, and the place where the reader's focus goes when it opens. */
import { type ReactNode, useEffect, useRef } from 'react';

interface PageProps {
  title: string;
  /** Beside the title. */
  actions?: ReactNode;
  /** Instead of the title as it is. */
  heading?: ReactNode;
  children: ReactNode;
}

let opened = 0;
/** By the browser's own back and forward, which bring the place on the page back too. */
let byHistory = false;
addEventListener('popstate', () => {
  byHistory = true;
});
addEventListener('pushState', () => {
  byHistory = false; // wouter tells of its own steps by this event
});

export function Page({ title, heading, actions, children }: PageProps) {
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = `${title} · Crypto Data Platform`;
  }, [title]);
  useEffect(() => {
    // Not on the first page: there the browser's own order is right.
    if (opened++ > 0) {
      if (!byHistory) scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
    }
  }, []);
  return (
    <main className="page" ref={main} tabIndex={-1} id="content">
      <div className="page-head">
        {heading ?? <h1>{title}</h1>}
        {actions}
      </div>
      {children}
    </main>
  );
}
