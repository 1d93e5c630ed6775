/** The schema, built from the classes of the modules. `npm run schema` prints it to schema.graphql; a test compares the two. */
import 'reflect-metadata';
import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import { operatorOnly } from './auth.js';
import { AlertResolver, CoinAlertsResolver } from './modules/alert/alert.resolver.js';
import { AlertSubscription } from './modules/alert/alert.subscription.js';
import { CandleResolver, CoinCandlesResolver } from './modules/candle/candle.resolver.js';
import { CandleSubscription } from './modules/candle/candle.subscription.js';
import { CoinConnectionResolver, CoinResolver } from './modules/coin/coin.resolver.js';
import { CheckResultResolver, DatasetResolver } from './modules/dataset/dataset.resolver.js';
import { DeadLetterResolver } from './modules/dead-letter/dead-letter.resolver.js';
import { MarketResolver } from './modules/market/market.resolver.js';
import { CoinMoveResolver, MarketOverviewResolver } from './modules/overview/overview.resolver.js';
import { PerformanceResolver } from './modules/performance/performance.resolver.js';
import { PlatformResolver } from './modules/platform/platform.resolver.js';
import { PriceResolver, PriceUpdateResolver } from './modules/price/price.resolver.js';
import { PriceSubscription } from './modules/price/price.subscription.js';
import { RejectedRowResolver } from './modules/rejected-row/rejected-row.resolver.js';
import { RuleResolver } from './modules/rule/rule.resolver.js';
import { RunResolver, TaskRunResolver } from './modules/run/run.resolver.js';
import { TimeseriesResolver } from './modules/timeseries/timeseries.resolver.js';

export const schema: GraphQLSchema = buildSchemaSync({
  resolvers: [
    AlertResolver,
    AlertSubscription,
    CandleResolver,
    CandleSubscription,
    CheckResultResolver,
    CoinAlertsResolver,
    CoinCandlesResolver,
    CoinConnectionResolver,
    CoinMoveResolver,
    CoinResolver,
    DatasetResolver,
    DeadLetterResolver,
    MarketOverviewResolver,
    MarketResolver,
    PerformanceResolver,
    PlatformResolver,
    PriceResolver,
    PriceSubscription,
    PriceUpdateResolver,
    RejectedRowResolver,
    RuleResolver,
    RunResolver,
    TaskRunResolver,
    TimeseriesResolver,
  ],
  authChecker: operatorOnly,
  // type-graphql insists on one; each subscription here has a source of its own.
  pubSub: { publish: () => {}, subscribe: () => (async function* () {})() },
  validate: false,
});

export function printedSchema(): string {
  return `# Made by \`npm run schema\` from the classes in graphql/modules; edit those.\n\n${printSchema(lexicographicSortSchema(schema))}\n`;
}
