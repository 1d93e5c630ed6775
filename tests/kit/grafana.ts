/** A gateway as Grafana's JSON datasources ask it: bodies as simpod-json-datasource 0.6 and simple-json send them. */
import { startTestGateway, type TestGateway } from './gateway.js';

export const RANGE = { from: '2026-03-10T11:50:00.000Z', to: '2026-03-10T12:00:00.000Z', raw: { from: 'now-10m', to: 'now' } };

/** Of the seed's ten minutes: the minute 53 of bitcoin is missing. */
export async function startGrafanaGateway(): Promise<TestGateway> {
  const gateway = await startTestGateway();
  await gateway.db.pool.query(
    `DELETE FROM mart.mart_price_candles WHERE coin_id = 'bitcoin' AND interval = '1m' AND bucket_start = '2026-03-10T11:53:00Z'`,
  );
  return gateway;
}

export async function postTo(gateway: TestGateway, path: string, body: unknown) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const headers: Record<string, string> = text === '' ? {} : { 'content-type': 'application/json' };
  const reply = await gateway.http({ method: 'POST', path: `/grafana${path}`, headers, body: text });
  return { status: reply.status, json: JSON.parse(reply.text) };
}

/** What a panel of Grafana 11 sends through simpod. */
export const panel = (targets: object[], over: object = {}) => ({
  app: 'dashboard',
  requestId: 'SQR100',
  timezone: 'browser',
  panelId: 1,
  panelPluginId: 'timeseries',
  dashboardUID: 'abc',
  range: RANGE,
  interval: '5s',
  intervalMs: 5000,
  maxDataPoints: 720,
  startTime: 1700003600000,
  filters: [],
  scopedVars: { __interval: { text: '5s', value: '5s' }, __interval_ms: { text: '5000', value: 5000 } },
  targets: targets.map((target, index) => ({
    refId: 'ABCDEF'[index],
    datasource: { type: 'simpod-json-datasource', uid: 'u' },
    editorMode: 'code',
    payload: {},
    ...target,
  })),
  ...over,
});

export const minute = (of: number) => Date.parse(`2026-03-10T11:${of}:00Z`);
