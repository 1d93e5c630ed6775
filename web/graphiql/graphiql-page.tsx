/** GraphiQL over the platform's own endpoint, with the operator's key of this tab on every request. */
import { createGraphiQLFetcher, type Fetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { type DocumentNode, getOperationAST, parse } from 'graphql';
import { createClient } from 'graphql-ws';
import { operatorKey } from '../api/operator-key.js';
import { KeyDialog } from '../ui/key-dialog.js';
import { EXAMPLES } from './examples.js';

function authorization(): Record<string, string> {
  const key = operatorKey();
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

const overHttpAndWebSocket = createGraphiQLFetcher({
  url: '/graphql',
  wsClient: createClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
    connectionParams: authorization,
  }),
});

/** Right after a change of tabs GraphiQL still tells the document and the operation of the tab before: a subscription would go over HTTP. */
const fetcher: Fetcher = (request, options) => {
  const documentAST = parsed(request.query);
  const operation = documentAST && (getOperationAST(documentAST, request.operationName) ?? getOperationAST(documentAST));
  const operationName = operation?.name?.value;
  const headers = { ...authorization(), ...options?.headers };
  return overHttpAndWebSocket({ ...request, operationName }, { ...options, documentAST, headers });
};

function parsed(query: string): DocumentNode | undefined {
  try {
    return parse(query);
  } catch {
    return undefined; // the gateway says what is wrong with it
  }
}

/** The one chosen on the dashboard, or the system's. */
function currentTheme(): 'light' | 'dark' {
  const theme = document.documentElement.dataset.theme;
  if (theme === 'light' || theme === 'dark') return theme;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** There the variables open where they are wanted: they would take the place of the query. */
function narrow(): boolean {
  return matchMedia('(max-width: 760px)').matches;
}

export function GraphiQLPage() {
  return (
    <>
      <header className="graphiql-bar">
        <a href="/">Crypto Data Platform</a>
        <h1 className="muted">GraphiQL</h1>
        <KeyDialog />
      </header>
      <main>
        <GraphiQL
          fetcher={fetcher}
          defaultTabs={EXAMPLES}
          forcedTheme={currentTheme()}
          defaultEditorToolsVisibility={narrow() ? false : 'variables'}
        >
          <GraphiQL.Logo> </GraphiQL.Logo>
        </GraphiQL>
      </main>
    </>
  );
}
