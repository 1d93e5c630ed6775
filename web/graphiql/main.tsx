/** Starts GraphiQL. */
import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import '../styles/tokens.css';
import '../styles/parts.css';
import '../styles/dialog.css';
import './graphiql.css';
import { createRoot } from 'react-dom/client';
import { GraphiQLPage } from './graphiql-page.js';

createRoot(document.getElementById('root') as HTMLElement).render(<GraphiQLPage />);
