/** The registry of price sources: a name in the configuration and what starts it. A new vendor is a folder beside this file and a line in it. */
import type { BaseLogger } from 'pino';
import type { Clock } from '../../src/domain/time.js';
import type { Config, PriceSourceName } from '../../src/platform/config.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { createCallLimiter } from './call-limiter.js';
import { createCoinGeckoSource } from './coingecko/coingecko-source.js';
import { type ApiPlan, PLANS } from './coingecko/plans.js';
import { startSimulator } from './simulator/simulator.js';
import type { PriceSource } from './source.js';

export interface StartedSource {
  source: PriceSource;
  stop(): Promise<void>;
}

export interface SourceSurroundings {
  database: Database;
  clock: Clock;
  logger: Pick<BaseLogger, 'warn'>;
}

type SourceConfig = Pick<Config, 'priceSource' | 'coinGecko'>;

/** Every process and every start sees the same market. */
const SIMULATOR_SEED = 1;

const START: Record<PriceSourceName, (config: SourceConfig, around: SourceSurroundings) => Promise<StartedSource>> = {
  async coingecko({ coinGecko: { plan: name, apiKey, baseUrl, callsPerMinute, monthlyCredit } }, around) {
    const given = PLANS[name];
    const plan: ApiPlan = {
      ...given,
      baseUrl: baseUrl ?? given.baseUrl,
      callsPerMinute: callsPerMinute ?? given.callsPerMinute,
      callsPerMonth: monthlyCredit ?? given.callsPerMonth,
    };
    const limiter = createCallLimiter(around.database, { source: 'coingecko', apiKey }, plan);
    const source = createCoinGeckoSource({ ...around, name: 'coingecko', label: 'CoinGecko', plan, apiKey, limiter });
    return { source, stop: async () => {} };
  },

  async simulator(_config, around) {
    const simulator = await startSimulator({ seed: SIMULATOR_SEED, clock: around.clock, port: 0 });
    const plan = { ...PLANS.simulator, baseUrl: simulator.url };
    const limiter = createCallLimiter(around.database, { source: 'simulator', apiKey: null }, plan);
    const source = createCoinGeckoSource({
      ...around,
      name: 'simulator',
      label: 'The simulator',
      plan,
      apiKey: null,
      limiter,
    });
    return { source, stop: simulator.stop };
  },
};

export function startPriceSource(config: SourceConfig, around: SourceSurroundings): Promise<StartedSource> {
  return START[config.priceSource](config, around);
}
