/** Tells what operations over HTTP took: Apollo's side of operations.ts, apart from it because the context of a request knows the live half. */
import type { ApolloServerPlugin } from '@apollo/server';
import type { GatewayContext } from '../context.js';
import type { OperationTimes } from './operations.js';

export function createOperationsPlugin(times: OperationTimes): ApolloServerPlugin<GatewayContext> {
  return {
    async requestDidStart() {
      const begun = performance.now();
      let known = true;
      return {
        async parsingDidStart() {
          known = false;
        },
        async willSendResponse({ operation }) {
          times.countDocument(known);
          if (operation !== undefined) times.observe('http', operation, begun);
        },
      };
    },
  };
}
