/**
 * CoinGecko's plans: host, authentication header, rate, month's credit and reach of history.
 * Source: https://www.coingecko.com/en/api/pricing and its pages on authentication, read in 2026. `pro` is the smallest paid plan.
 */
import { OLDEST_OBSERVATION_DAYS } from '../../../src/domain/prices.js';
import type { CallPlan } from '../plan.js';

export interface ApiPlan extends CallPlan {
  baseUrl: string;
  /** Null: no key is sent. */
  keyHeader: string | null;
  historyDays: number;
}

export type PlanName = 'public' | 'demo' | 'pro' | 'simulator';

const PUBLIC_HOST = 'https://api.coingecko.com/api/v3';

export const PLANS: Record<PlanName, ApiPlan> = {
  public: { baseUrl: PUBLIC_HOST, keyHeader: null, callsPerMinute: 5, callsPerMonth: null, historyDays: 365 },
  demo: { baseUrl: PUBLIC_HOST, keyHeader: 'x-cg-demo-api-key', callsPerMinute: 30, callsPerMonth: 10_000, historyDays: 365 },
  // It gives two years, more than the platform takes.
  pro: {
    baseUrl: 'https://pro-api.coingecko.com/api/v3',
    keyHeader: 'x-cg-pro-api-key',
    callsPerMinute: 250,
    callsPerMonth: 100_000,
    historyDays: OLDEST_OBSERVATION_DAYS,
  },
  // Its address is known when it has started.
  simulator: {
    baseUrl: 'http://127.0.0.1/api/v3',
    keyHeader: null,
    callsPerMinute: 6_000,
    callsPerMonth: null,
    historyDays: OLDEST_OBSERVATION_DAYS,
  },
};
