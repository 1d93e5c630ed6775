/** Starts the dashboard: the streams first, so that no update falls between them and the first queries. */
import '../styles/base.css';
import '../styles/parts.css';
import '../styles/shell.css';
import '../styles/dialog.css';
import '../styles/live.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Provider } from 'urql';
import { client } from '../api/client.js';
import { startAlertFeed } from '../live/alerts.js';
import { priceFeed } from '../live/prices.js';
import { App } from './app.js';

// The part that is wanted is gone (the pages were built anew) or cannot be had (the gateway is away): once it answers, begin again.
addEventListener('vite:preloadError', () => void beginAgain());

async function beginAgain(): Promise<void> {
  for (;;) {
    const answer = await fetch('/livez', { cache: 'no-store' }).catch(() => null);
    if (answer !== null) return location.reload();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

priceFeed.start();
void startAlertFeed();

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <Provider value={client}>
      <App />
    </Provider>
  </StrictMode>,
);
