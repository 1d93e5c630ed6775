/**
 * The platform's settings: the only reader of process.env. All problems are reported at once, by name, and never with a value: it may be
 * a secret.
 */
import type { z } from 'zod';
import { OperatorError } from '../domain/errors.js';
import { VARIABLES } from './config/variables.js';
import type { LogLevel } from './logger.js';

/** What a database's data is, for ever. */
export type Realm = 'simulated' | 'real';
export type Role = 'up' | 'gateway' | 'worker' | 'consumer' | 'producer';
export type PriceSourceName = 'simulator' | 'coingecko';
export type CoinGeckoPlan = 'public' | 'demo' | 'pro';

export interface KafkaConfig {
  brokers: string[];
  ssl: boolean;
  sasl: { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: string } | null;
}

export interface Config {
  /** Null: the embedded Postgres under dataDir. Holds a password. */
  databaseUrl: string | null;
  dataDir: string;
  /** Null: the log in Postgres. */
  kafka: KafkaConfig | null;
  priceSource: PriceSourceName;
  realm: Realm;
  /** Null: what the plan gives. */
  coinGecko: {
    plan: CoinGeckoPlan;
    apiKey: string | null;
    baseUrl: string | null;
    callsPerMinute: number | null;
    monthlyCredit: number | null;
  };
  /** The greatest by market cap, or these ids. */
  coins: { count: number } | { ids: string[] };
  pricePollSeconds: number;
  batchCron: string;
  host: string;
  /** Null: the role's own, see DEFAULT_PORTS. 0: any free one. */
  port: number | null;
  /** Null: the server's own origin only. */
  allowedOrigins: string[] | null;
  /** Null: generated (embedded Postgres), or no operator. */
  adminApiKey: string | null;
  /** Null: raw is kept for ever. */
  retentionDays: number | null;
  logLevel: LogLevel;
}

export const DEFAULT_PORTS: Record<Role, number> = { up: 4000, gateway: 4000, worker: 4001, consumer: 4002, producer: 4003 };

type Values = { [Name in keyof typeof VARIABLES]?: z.output<(typeof VARIABLES)[Name]['schema']> };

/** Throws an OperatorError that lists every problem. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { schema }] of Object.entries(VARIABLES)) {
    const text = env[name]?.trim();
    if (text === undefined || text === '') continue;
    const parsed = (schema as z.ZodType).safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(`${name} ${parsed.error.issues[0]?.message}`);
  }
  problems.push(...contradictions(env));
  if (problems.length > 0) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    throw new OperatorError(
      `The configuration has ${count}:\n${problems.map((text) => `  - ${text}`).join('\n')}\nEvery variable: docs/configuration.md`,
    );
  }
  return toConfig(values as Values);
}

/** What no single variable shows. */
function contradictions(env: NodeJS.ProcessEnv): string[] {
  const has = (name: keyof typeof VARIABLES) => (env[name] ?? '').trim() !== '';
  const problems: string[] = [];
  const plan = env.COINGECKO_PLAN?.trim() || 'public';
  if (['demo', 'pro'].includes(plan) && env.PRICE_SOURCE?.trim() === 'coingecko' && !has('COINGECKO_API_KEY')) {
    problems.push(`COINGECKO_API_KEY is missing: the plan ${plan} needs one`);
  }
  if (plan === 'public' && has('COINGECKO_API_KEY')) {
    problems.push('COINGECKO_API_KEY is set, but COINGECKO_PLAN is public, which has none: set the plan to demo or pro');
  }
  const sasl = (['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'] as const).filter(has);
  if (sasl.length > 0 && sasl.length < 3) {
    problems.push('KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD belong together: set all three or none');
  }
  if ((sasl.length > 0 || has('KAFKA_SSL')) && !has('KAFKA_BROKERS'))
    problems.push('KAFKA_BROKERS is missing: other KAFKA_ variables are set');
  return problems;
}

function toConfig(values: Values): Config {
  const priceSource = values.PRICE_SOURCE ?? 'simulator';
  return {
    databaseUrl: values.DATABASE_URL ?? null,
    dataDir: values.DATA_DIR ?? '.data',
    kafka: toKafka(values),
    priceSource,
    realm: priceSource === 'simulator' ? 'simulated' : 'real',
    coinGecko: {
      plan: values.COINGECKO_PLAN ?? 'public',
      apiKey: values.COINGECKO_API_KEY ?? null,
      baseUrl: values.COINGECKO_BASE_URL?.replace(/\/+$/, '') ?? null,
      callsPerMinute: values.COINGECKO_CALLS_PER_MINUTE ?? null,
      monthlyCredit: values.COINGECKO_MONTHLY_CREDIT ?? null,
    },
    coins: values.COINS ?? { count: 100 },
    pricePollSeconds: values.PRICE_POLL_SECONDS ?? (priceSource === 'simulator' ? 2 : 30),
    batchCron: values.BATCH_CRON ?? '0 0 * * *',
    host: values.HOST ?? '127.0.0.1',
    port: values.PORT ?? null,
    allowedOrigins: values.ALLOWED_ORIGINS ?? null,
    adminApiKey: values.ADMIN_API_KEY ?? null,
    retentionDays: values.RETENTION_DAYS ?? null,
    logLevel: values.LOG_LEVEL ?? 'info',
  };
}

function toKafka(values: Values): KafkaConfig | null {
  if (values.KAFKA_BROKERS === undefined) return null;
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = values;
  const sasl = mechanism && username && password ? { mechanism, username, password } : null;
  return { brokers: values.KAFKA_BROKERS, ssl: values.KAFKA_SSL === 'true', sasl };
}
