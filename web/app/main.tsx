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

priceFeed.start();
void startAlertFeed();

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <Provider value={client}>
      <App />
    </Provider>
  </StrictMode>,
);
