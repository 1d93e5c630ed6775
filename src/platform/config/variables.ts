/**
 * Every environment variable of the platform, described once: its form, its default and its meaning. docs/configuration.md is generated
 * from this table (`npm run docs:config`).
 */
import { Job } from 'node-schedule';
import { z } from 'zod';
import { LOG_LEVELS } from '../logger.js';

const whole = (from: number, to: number) =>
  matching(
    (text) => /^\d{1,9}$/.test(text) && Number(text) >= from && Number(text) <= to,
    `must be a whole number from ${from} to ${to}`,
  ).transform(Number);
const oneOf = <const T extends readonly string[]>(values: T) => z.enum(values, { error: `must be one of: ${values.join(', ')}` });
const matching = (test: (text: string) => boolean, problem: string) => z.string().refine(test, problem);
const list = (test: (item: string) => boolean, problem: string) =>
  z
    .string()
    .transform((text) => text.split(',').map((item) => item.trim()))
    .refine((items) => items.every((item) => test(item)), problem);

const isUrl = (text: string, protocols: string[]) => URL.canParse(text) && protocols.includes(new URL(text).protocol);
/** What paths can be put behind. Credentials in it would be no key of the source, and would be quoted in messages. */
function isBaseUrl(text: string): boolean {
  if (!isUrl(text, ['http:', 'https:']) || /[?#]/.test(text)) return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}
const isOrigin = (text: string) => isUrl(text, ['http:', 'https:']) && new URL(text).origin === text;
const isCoinId = (text: string) => /^[^\s,]{1,200}$/.test(text);
/** Header values cannot hold anything else. */
const isToken = (text: string) => /^[\x21-\x7e]+$/.test(text);

/** node-schedule takes dates too, and runs an impossible cron expression never: both are refused. */
function isCron(text: string): boolean {
  if (text.trim().split(/\s+/).length !== 5) return false;
  const job = new Job(() => {});
  const valid = job.schedule({ rule: text, tz: 'Etc/UTC' }) && job.nextInvocation() !== null;
  job.cancel();
  return valid;
}

const COINS = 'must be coin ids of the source separated by commas, or how many of the greatest (1 to 1000)';
const coins = z
  .string()
  .transform((text): { count: number } | { ids: string[] } =>
    /^[+-]?\d+(\.\d+)?$/.test(text) ? { count: Number(text) } : { ids: [...new Set(text.split(',').map((id) => id.trim()))] },
  )
  .refine(
    (value) => ('count' in value ? Number.isInteger(value.count) && value.count >= 1 && value.count <= 1000 : value.ids.every(isCoinId)),
    COINS,
  );

interface Variable<T> {
  schema: z.ZodType<T, string>;
  /** As documented: a value in backquotes, or words. */
  default: string;
  meaning: string;
}
const variable = <T>(schema: z.ZodType<T, string>, fallback: string, meaning: string): Variable<T> => ({
  schema,
  default: fallback,
  meaning,
});

const POSTGRES_URL = 'must be a URL like postgresql://user:password@host:5432/database';
const BASE_URL = 'must be a URL that begins with http:// or https://, without a user name, a query and a fragment';
const BROKERS = 'must be host:port, several separated by commas';
const ORIGINS = 'must be origins like https://example.org, separated by commas';
const TOKEN = 'must be visible ASCII characters without spaces';
const SASL = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

/** Every variable that the platform reads. An empty one counts as unset. */
export const VARIABLES = {
  DATABASE_URL: variable(
    matching((text) => isUrl(text, ['postgres:', 'postgresql:']), POSTGRES_URL),
    'unset: embedded Postgres under `DATA_DIR`',
    'Postgres 15 or newer to work on.',
  ),
  DATA_DIR: variable(z.string(), '`.data`', 'Directory of the embedded Postgres and of what the platform generates for itself.'),
  KAFKA_BROKERS: variable(
    list((item) => /^[^\s,:]+:\d{1,5}$/.test(item), BROKERS),
    'unset: the log in Postgres',
    'Brokers of the event log (Apache Kafka 3.1 or newer), `host:port`, separated by commas.',
  ),
  KAFKA_SSL: variable(
    oneOf(['true', 'false']),
    '`false`',
    'Whether the brokers are spoken to over TLS. An authority of your own: `NODE_EXTRA_CA_CERTS`, the path of its certificate.',
  ),
  KAFKA_SASL_MECHANISM: variable(
    oneOf(SASL),
    'unset: no authentication',
    `How to authenticate at the brokers: ${SASL.map((name) => `\`${name}\``).join(', ')}.`,
  ),
  KAFKA_SASL_USERNAME: variable(z.string(), 'none', 'With a SASL mechanism: the user.'),
  KAFKA_SASL_PASSWORD: variable(z.string(), 'none', 'With a SASL mechanism: the password.'),
  PRICE_SOURCE: variable(
    oneOf(['simulator', 'coingecko']),
    '`simulator`',
    '`simulator` or `coingecko`. A database keeps to simulated or to real data for ever.',
  ),
  COINGECKO_PLAN: variable(
    oneOf(['public', 'demo', 'pro']),
    '`public`',
    '`public`, `demo` or `pro`: sets host, authentication header, rate and credit.',
  ),
  COINGECKO_API_KEY: variable(matching(isToken, TOKEN), 'none', 'Key of that plan; `demo` and `pro` need one.'),
  COINGECKO_BASE_URL: variable(matching(isBaseUrl, BASE_URL), "the plan's", 'Another address of the API, up to and with `/api/v3`.'),
  COINGECKO_CALLS_PER_MINUTE: variable(
    whole(2, 100_000),
    "the plan's: public 5, demo 30, pro 250",
    'Calls a minute that all processes with this key share.',
  ),
  COINGECKO_MONTHLY_CREDIT: variable(
    whole(100, 999_999_999),
    "the plan's: public unlimited, demo 10000, pro 100000",
    'Calls a calendar month (UTC) that the plan gives; the poll interval is stretched to last.',
  ),
  COINS: variable(
    coins,
    '`100`',
    'Coins to follow: ids separated by commas, or how many of the greatest by market cap. Only adds: a coin once followed stays.',
  ),
  PRICE_POLL_SECONDS: variable(
    whole(1, 86_400),
    '`30`; with the simulator `2`',
    'Seconds between polls of the prices, at least; what the plan allows may be more.',
  ),
  BATCH_CRON: variable(
    matching(isCron, 'must be a cron expression of five fields that can come true'),
    '`0 0 * * *`',
    'When the daily pipeline runs, in UTC. Caps and volumes of a day are those fetched by 01:00; later they come with its daily point from history, a call for each coin. Later than 02:00 `CdpMartsStale` fires each day until it has run.',
  ),
  HOST: variable(
    matching((text) => /^[^\s/]+$/.test(text), 'must be a host name or an address'),
    '`127.0.0.1`',
    'Address that the servers listen on.',
  ),
  PORT: variable(
    whole(0, 65_535),
    'gateway and `up` `4000`, worker `4001`, consumer `4002`, producer `4003`',
    'Port that the server listens on; `0`: any free one.',
  ),
  ALLOWED_ORIGINS: variable(
    list(isOrigin, ORIGINS),
    "the server's own",
    'Origins whose pages may ask, and under whose host names the gateway answers (behind a proxy: its public one), separated by commas; any other Origin or Host is refused.',
  ),
  ADMIN_API_KEY: variable(
    matching(isToken, TOKEN),
    'with the embedded Postgres: generated at the first start, kept under `DATA_DIR`; with `DATABASE_URL`: none, and mutations answer `FORBIDDEN`',
    "The operator's key: `Authorization: Bearer …`, or `connectionParams.authorization` on a WebSocket.",
  ),
  RETENTION_DAYS: variable(
    whole(1, 36_500),
    'unset: for ever',
    'Days that raw data is kept, in whole months. Days whose raw is gone cannot be rebuilt.',
  ),
  LOG_LEVEL: variable(
    oneOf(LOG_LEVELS),
    '`info`',
    `Least severe entry that is logged: ${LOG_LEVELS.map((level) => `\`${level}\``).join(', ')}.`,
  ),
} as const;
