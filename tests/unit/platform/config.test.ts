import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { OperatorError } from '../../../src/domain/errors.js';
import { configurationPage } from '../../../src/platform/config/page.js';
import { VARIABLES } from '../../../src/platform/config/variables.js';
import { loadConfig } from '../../../src/platform/config.js';
import { projectRoot } from '../../../src/platform/project-root.js';

function problemsOf(env: NodeJS.ProcessEnv): string {
  try {
    loadConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(OperatorError);
    return (error as Error).message;
  }
  return '';
}

describe('configuration', () => {
  test('needs nothing: an empty environment is the simulator on the embedded Postgres', () => {
    expect(loadConfig({})).toEqual({
      databaseUrl: null,
      dataDir: '.data',
      kafka: null,
      priceSource: 'simulator',
      realm: 'simulated',
      coinGecko: { plan: 'public', apiKey: null, baseUrl: null, callsPerMinute: null, monthlyCredit: null },
      coins: { count: 100 },
      pricePollSeconds: 2,
      batchCron: '0 0 * * *',
      host: '127.0.0.1',
      port: null,
      allowedOrigins: null,
      adminApiKey: null,
      retentionDays: null,
      logLevel: 'info',
    });
  });

  test('an empty variable counts as unset, as compose files and charts pass it', () => {
    expect(loadConfig(Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, ' '])))).toEqual(loadConfig({}));
  });

  test('reads every variable', () => {
    const config = loadConfig({
      DATABASE_URL: 'postgresql://u:p@db:5432/x',
      DATA_DIR: '/var/lib/my data',
      KAFKA_BROKERS: 'a:9092, b:9093',
      KAFKA_SSL: 'true',
      KAFKA_SASL_MECHANISM: 'scram-sha-256',
      KAFKA_SASL_USERNAME: 'me',
      KAFKA_SASL_PASSWORD: 'pw',
      PRICE_SOURCE: 'coingecko',
      COINGECKO_PLAN: 'demo',
      COINGECKO_API_KEY: 'CG-1',
      COINGECKO_BASE_URL: 'http://127.0.0.1:9/api/v3/',
      COINGECKO_CALLS_PER_MINUTE: '12',
      COINGECKO_MONTHLY_CREDIT: '5000',
      COINS: 'bitcoin, ethereum,bitcoin',
      PRICE_POLL_SECONDS: '60',
      BATCH_CRON: '15 1 * * *',
      HOST: '0.0.0.0',
      PORT: '0',
      ALLOWED_ORIGINS: 'https://a.example,http://localhost:5173',
      ADMIN_API_KEY: 'k',
      RETENTION_DAYS: '90',
      LOG_LEVEL: 'debug',
    });
    expect(config).toEqual({
      databaseUrl: 'postgresql://u:p@db:5432/x',
      dataDir: '/var/lib/my data',
      kafka: { brokers: ['a:9092', 'b:9093'], ssl: true, sasl: { mechanism: 'scram-sha-256', username: 'me', password: 'pw' } },
      priceSource: 'coingecko',
      realm: 'real',
      coinGecko: { plan: 'demo', apiKey: 'CG-1', baseUrl: 'http://127.0.0.1:9/api/v3', callsPerMinute: 12, monthlyCredit: 5000 },
      coins: { ids: ['bitcoin', 'ethereum'] },
      pricePollSeconds: 60,
      batchCron: '15 1 * * *',
      host: '0.0.0.0',
      port: 0,
      allowedOrigins: ['https://a.example', 'http://localhost:5173'],
      adminApiKey: 'k',
      retentionDays: 90,
      logLevel: 'debug',
    });
  });

  test('polls real prices every 30 s unless told otherwise', () => {
    expect(loadConfig({ PRICE_SOURCE: 'coingecko' })).toMatchObject({ realm: 'real', pricePollSeconds: 30 });
  });

  test('reports all problems at once, by name', () => {
    const message = problemsOf({ PORT: '70000', PRICE_SOURCE: 'binance', BATCH_CRON: 'daily', LOG_LEVEL: 'loud', COINS: '0' });
    for (const name of ['PORT', 'PRICE_SOURCE', 'BATCH_CRON', 'LOG_LEVEL', 'COINS']) expect(message).toContain(`- ${name} must be`);
    expect(message).toContain('5 problems');
  });

  test('never repeats a value: it may be a secret in the wrong place', () => {
    const secret = 'hunter2 hunter2';
    const every = Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, `${secret},${secret}\n`]));
    expect(problemsOf(every)).toContain('problems');
    expect(problemsOf(every)).not.toContain('hunter2');
  });

  test.each([
    [{ PORT: '-1' }, 'PORT'],
    [{ PORT: '40e1' }, 'PORT'],
    [{ PORT: '4000.5' }, 'PORT'],
    [{ PRICE_POLL_SECONDS: '0' }, 'PRICE_POLL_SECONDS'],
    [{ RETENTION_DAYS: '0' }, 'RETENTION_DAYS'],
    [{ DATABASE_URL: 'mysql://x' }, 'DATABASE_URL'],
    [{ DATABASE_URL: 'db:5432' }, 'DATABASE_URL'],
    [{ KAFKA_BROKERS: 'a:9092,' }, 'KAFKA_BROKERS'],
    [{ KAFKA_BROKERS: 'a' }, 'KAFKA_BROKERS'],
    [{ COINS: 'bitcoin,,ethereum' }, 'COINS'],
    [{ COINS: '1001' }, 'COINS'],
    [{ COINS: '-3' }, 'COINS'],
    [{ ALLOWED_ORIGINS: 'https://a.example/path' }, 'ALLOWED_ORIGINS'],
    [{ ALLOWED_ORIGINS: '*' }, 'ALLOWED_ORIGINS'],
    [{ BATCH_CRON: '0 0 31 2 *' }, 'BATCH_CRON'],
    [{ BATCH_CRON: '0 0 * *' }, 'BATCH_CRON'],
    [{ BATCH_CRON: '2030-01-01' }, 'BATCH_CRON'],
    [{ BATCH_CRON: '0 25 * * *' }, 'BATCH_CRON'],
    [{ COINGECKO_BASE_URL: 'ftp://x' }, 'COINGECKO_BASE_URL'],
    [{ COINGECKO_BASE_URL: 'https://user:secret@cache.example/api/v3' }, 'COINGECKO_BASE_URL'],
    [{ COINGECKO_BASE_URL: 'https:user:secret@cache.example/api/v3' }, 'COINGECKO_BASE_URL'],
    [{ COINGECKO_BASE_URL: 'https://cache.example/api/v3?key=1' }, 'COINGECKO_BASE_URL'],
    [{ ADMIN_API_KEY: 'two words' }, 'ADMIN_API_KEY'],
    [{ PRICE_SOURCE: 'coingecko', COINGECKO_PLAN: 'demo' }, 'COINGECKO_API_KEY'],
    [{ COINGECKO_API_KEY: 'CG-1' }, 'COINGECKO_PLAN'],
    [{ KAFKA_SSL: 'true' }, 'KAFKA_BROKERS'],
    [{ KAFKA_BROKERS: 'a:1', KAFKA_SASL_MECHANISM: 'plain' }, 'KAFKA_SASL_PASSWORD'],
  ] as [NodeJS.ProcessEnv, string][])('refuses %j', (env, name) => {
    expect(problemsOf(env)).toContain(name);
  });
});

test('docs/configuration.md is current (npm run docs:config)', () => {
  expect(readFileSync(join(projectRoot, 'docs/configuration.md'), 'utf8')).toBe(configurationPage());
});
