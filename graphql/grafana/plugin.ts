/**
 * /grafana: what the datasource plugins simpod-json-datasource and simple-json ask for, for installations that have them. Reading only, and
 * no key is needed. Must stay true: an answer has the very shape that the plugins read; an error has both a message and a code, for each of
 * them shows another one.
 */
import type { FastifyError, FastifyInstance } from 'fastify';
import { GraphQLError } from 'graphql';
import type { Database } from '../../src/platform/postgres/database.js';
import { ALERT_SEVERITIES, SENT_STATUSES } from '../../src/store/mart/alerts.js';
import { TIMESERIES_METRICS } from '../../src/store/mart/timeseries.js';
import { badUserInput, type ErrorFormatter } from '../errors.js';
import { LIMITS } from '../limits.js';
import { FILTER_KEYS, listCoins, OF_ALERTS } from './coins.js';
import { annotationRequest, queryRequest, read, searchRequest, tagValuesRequest, variableRequest } from './request.js';
import { answerQuery, COIN_METRICS, MARKET_METRICS, TABLES } from './targets.js';

export interface GrafanaServices {
  db: Database;
  formatError: ErrorFormatter;
}

/** Registered with the prefix /grafana. */
export function grafanaRoutes({ db, formatError }: GrafanaServices) {
  return async (app: FastifyInstance): Promise<void> => {
    // Old versions send no body at all, or an empty one.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: LIMITS.bodyBytes }, (_request, body, done) => {
      try {
        done(null, body === '' ? {} : JSON.parse(String(body)));
      } catch {
        done(badUserInput('The request body is not JSON'));
      }
    });
    answerErrors(app, formatError);
    const well = async () => ({ status: 'well' });
    app.get('/', well);
    const on = (path: string, answer: (body: unknown) => unknown) => app.post(path, async ({ body }) => answer(body));
    on('/metrics', async () => listMetrics(db));
    on('/metric-payload-options', async () => (await coinOptions(db)).map(({ text, id }) => ({ label: text, value: id })));
    on('/query', async (body) => answerQuery(db.pool, read(queryRequest, body)));
    on('/variable', async (body) => variable(db, read(variableRequest, body).payload.target));
    on('/search', async (body) => search(db, read(searchRequest, body).target ?? ''));
    on('/annotations', async (body) => annotations(db, body));
    on('/tag-keys', () => [
      ...Object.keys(FILTER_KEYS).map((key) => ({ type: key === 'rank' ? 'number' : 'string', text: key })),
      ...[...OF_ALERTS].map((key) => ({ type: 'string', text: key })),
    ]);
    on('/tag-values', async (body) => tagValues(db, read(tagValuesRequest, body).key));
  };
}

export function grafanaError(code: string, message: string) {
  return { message, error: { code, message } };
}

function answerErrors(app: FastifyInstance, formatError: ErrorFormatter): void {
  app.setErrorHandler((error: FastifyError | GraphQLError, _request, reply) => {
    const status = 'statusCode' in error ? error.statusCode : undefined;
    if (status !== undefined && status < 500) {
      return reply.code(status).send(grafanaError('BAD_USER_INPUT', error.message));
    }
    const { message, extensions } = formatError({ message: error.message, path: ['grafana'] }, error);
    const code = String(extensions?.code);
    return reply.code(code === 'INTERNAL_SERVER_ERROR' ? 500 : 400).send(grafanaError(code, message));
  });
}

async function coinOptions(db: Database): Promise<{ id: string; text: string }[]> {
  const { labels } = await listCoins(db.pool);
  return Array.from(labels, ([id, text]) => ({ id, text }));
}

function metricNames(): { value: string; label: string; ofCoins: boolean }[] {
  return [
    ...Array.from(COIN_METRICS, ([value, metric]) => ({ value, label: TIMESERIES_METRICS[metric].title, ofCoins: true })),
    ...Array.from(MARKET_METRICS, ([value, { title }]) => ({ value, label: `${title} of the market`, ofCoins: false })),
    ...Object.entries(TABLES).map(([value, label]) => ({ value, label: `${label} (table)`, ofCoins: true })),
  ];
}

async function listMetrics(db: Database) {
  const options = (await coinOptions(db)).map(({ text, id }) => ({ label: text, value: id }));
  const coins = { name: 'coins', label: 'Coins', type: 'multi-select', placeholder: 'the ten largest', reloadMetric: false, options };
  return metricNames().map(({ value, label, ofCoins }) => ({ value, label, payloads: ofCoins ? [coins] : [] }));
}

/** A dashboard's variable: the query is "coins" or "metrics". */
async function variable(db: Database, target = 'coins') {
  if (target === 'coins') return (await coinOptions(db)).map(({ id, text }) => ({ __text: text, __value: id }));
  if (target === 'metrics') return metricNames().map(({ value, label }) => ({ __text: label, __value: value }));
  throw badUserInput(`There is no variable "${target.slice(0, 100)}"; there are coins and metrics`);
}

/** Of simple-json, for the editor's list of metrics and for variables. */
async function search(db: Database, target: string) {
  if (target === 'coins') return (await coinOptions(db)).map(({ id, text }) => ({ text, value: id }));
  const names = metricNames().map(({ value }) => value);
  const found = names.filter((name) => name.includes(target));
  return target === 'metrics' || found.length === 0 ? names : found;
}

/** Of simple-json; the query of the annotation names coins, or is empty. */
async function annotations(db: Database, body: unknown) {
  const { range, annotation } = read(annotationRequest, body);
  const target = { target: 'alerts', payload: annotation.query ? { coins: annotation.query } : {} };
  const [table] = await answerQuery(db.pool, { range, targets: [target] });
  if (table === undefined || !('rows' in table)) throw new Error('alerts are a table');
  return table.rows.map(([time, timeEnd, title, text, tags]) => ({
    annotation,
    time,
    timeEnd,
    isRegion: timeEnd !== null,
    title,
    text,
    tags: String(tags).split(','),
  }));
}

async function tagValues(db: Database, key: string): Promise<{ text: string }[]> {
  if (key === 'severity') return ALERT_SEVERITIES.map((text) => ({ text }));
  if (key === 'status') return SENT_STATUSES.map((text) => ({ text }));
  if (!Object.hasOwn(FILTER_KEYS, key)) return [];
  const field = FILTER_KEYS[key as keyof typeof FILTER_KEYS];
  const values = (await listCoins(db.pool)).all.map((coin) => coin[field]);
  return [...new Set(values)].filter((value) => value !== null && value !== '').map((value) => ({ text: String(value) }));
}
