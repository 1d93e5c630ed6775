/** timeseries without an interval: as narrow as there is data for, and wider where the wider candles show clearly more of the range. */
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { startTestGateway, type TestGateway } from '../kit/gateway.js';

interface Point {
  time: string;
  coinId: string;
  exact: string | null;
}

const INTERVALS = ['1m', '5m', '1h', '1d'] as const;
const WIDTHS = { '1m': '1 minute', '5m': '5 minutes', '1h': '1 hour', '1d': '1 day' };

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
  await gateway.db.pool.query('DELETE FROM mart.mart_price_candles');
});
afterEach(async () => {
  jest.restoreAllMocks();
  await gateway.db.pool.query('DELETE FROM mart.mart_price_candles');
});
afterAll(() => gateway.close());

/** Of points of that spacing in [from, to): candles of their interval, and of all wider ones. */
async function fill(coinId: string, finest: (typeof INTERVALS)[number], from: string, to: string): Promise<void> {
  for (const interval of INTERVALS.slice(INTERVALS.indexOf(finest))) {
    await gateway.db.pool.query(
      `INSERT INTO mart.mart_price_candles
       SELECT $1, $2::mart.candle_interval, b, 1, 1, 1, 1, 1, false, b, b, b FROM (
         SELECT DISTINCT date_bin($3::interval, t, 'epoch') AS b
         FROM generate_series($4::timestamptz, $5::timestamptz - interval '1 millisecond', $6::interval) t
       ) AS buckets ON CONFLICT DO NOTHING`,
      [coinId, interval, WIDTHS[interval], from, to, WIDTHS[finest]],
    );
  }
}

async function chart(coinIds: string[], from: string, to: string, rest = '') {
  const query = jest.spyOn(gateway.db.pool, 'query');
  const args = `metric: PRICE_USD, coinIds: ${JSON.stringify(coinIds)}, from: "${from}", to: "${to}"${rest}`;
  const { json } = await gateway.ask(`{ timeseries(${args}) { time coinId exact } }`);
  const points: Point[] = json.data.timeseries;
  const times = [...new Set(points.map(({ time }) => Date.parse(time)))];
  const asked = query.mock.calls.map(([statement]) => (statement as { name?: string } | undefined)?.name);
  return {
    /** Between two steps. */
    minutes: ((times[1] ?? Number.NaN) - (times[0] ?? Number.NaN)) / 60_000,
    steps: times.length,
    shown: points.filter(({ exact }) => exact !== null).length,
    reads: asked.filter((name) => name === 'get-timeseries-priceUsd').length,
  };
}

const NOW = '2026-02-10T13:00:00Z';
const daysBefore = (days: number) => new Date(Date.parse(NOW) - days * 86_400_000).toISOString();

describe('an hour after the first start', () => {
  /** Ticks since noon, five-minute points of a day, hourly ones of 90 days, daily ones of a year. */
  const start = async (coinId: string) => {
    await fill(coinId, '1m', '2026-02-10T12:00:00Z', NOW);
    await fill(coinId, '5m', daysBefore(1), NOW);
    await fill(coinId, '1h', daysBefore(90), NOW);
    await fill(coinId, '1d', daysBefore(365), NOW);
  };

  test.each([
    ['an hour', 1 / 24, 1, 60],
    ['a day', 1, 5, 288],
    ['7 days', 7, 60, 168],
    ['120 days', 120, 1440, 120],
  ])('%s: all of it', async (_, days, minutes, steps) => {
    await start('tether');
    expect(await chart(['tether'], daysBefore(days), NOW)).toMatchObject({ minutes, steps, shown: steps });
  });

  test('the width that is asked for, gaps and all', async () => {
    await start('tether');
    const found = await chart(['tether'], daysBefore(7), NOW, ', interval: FIVE_MINUTES');
    expect(found).toMatchObject({ minutes: 25, reads: 1 });
    expect(found.shown).toBeLessThan(found.steps / 6);
  });

  test('a coin that is followed since then does not hide the hours of the others', async () => {
    await fill('tether', '1m', '2026-02-10T12:00:00Z', NOW);
    await fill('bitcoin', '1h', daysBefore(7), NOW);
    expect(await chart(['tether', 'bitcoin'], daysBefore(7), NOW)).toMatchObject({ minutes: 60, steps: 168, shown: 168 + 1 });
  });
});

describe('an outage', () => {
  /** Two days of ticks but for these hours, of which there are hourly points. */
  const outage = async (hours: number) => {
    const from = new Date(Date.parse(NOW) - 30 * 3_600_000);
    await fill('tether', '1m', daysBefore(2), from.toISOString());
    await fill('tether', '1m', new Date(from.getTime() + hours * 3_600_000).toISOString(), NOW);
    await fill('tether', '1h', daysBefore(2), NOW);
  };

  test('of a quarter of the range: the hours that fill it', async () => {
    await outage(12);
    expect(await chart(['tether'], daysBefore(2), NOW)).toMatchObject({ minutes: 60, steps: 48, shown: 48 });
  });

  test('of little of the range stays a gap, and costs no other read', async () => {
    await outage(3);
    expect(await chart(['tether'], daysBefore(2), NOW)).toMatchObject({ minutes: 10, steps: 288, shown: 270, reads: 1 });
  });
});

describe('wider candles that show no more', () => {
  test('a minute without a tick, the newest one not yet there: one read', async () => {
    await fill('tether', '1m', '2026-02-10T11:50:00Z', '2026-02-10T12:29:00Z');
    await fill('tether', '1m', '2026-02-10T12:30:00Z', '2026-02-10T13:00:00Z');
    const found = await chart(['tether'], '2026-02-10T12:00:20Z', '2026-02-10T13:00:20Z');
    expect(found).toEqual({ minutes: 1, steps: 60, shown: 58, reads: 1 });
  });

  test.each([
    ['five minutes', 5, '2026-02-10T12:00:00Z', 1],
    ['hour', 60, daysBefore(7), 25],
  ])('a tick every %s: one read', async (_, every, from, minutes) => {
    for (let at = Date.parse(from) + 2 * 60_000; at < Date.parse(NOW); at += every * 60_000) {
      await fill('tether', '1m', new Date(at).toISOString(), new Date(at + 60_000).toISOString());
    }
    expect(await chart(['tether'], from, NOW)).toMatchObject({ minutes, reads: 1 });
  });

  test.each([
    ['a day', 1, 3],
    ['a week', 7, 25],
  ])('an hour of ticks and no history: minutes, though a candle of %s spans it all', async (_, days, minutes) => {
    await fill('tether', '1m', '2026-02-10T12:00:00Z', NOW);
    expect(await chart(['tether'], daysBefore(days), NOW)).toMatchObject({ minutes });
  });

  test('what came after the range does not count for its last hour', async () => {
    await fill('tether', '1m', '2026-02-10T10:00:00Z', '2026-02-10T12:00:00Z');
    await fill('tether', '1m', '2026-02-10T12:40:00Z', NOW);
    expect(await chart(['tether'], '2026-02-10T11:00:00Z', '2026-02-10T12:30:00Z')).toMatchObject({ minutes: 1, shown: 60 });
  });

  test('points that lie before the first of the wider steps are not given up for as many others', async () => {
    await fill('tether', '1m', '2026-02-10T11:50:00Z', '2026-02-10T12:00:00Z');
    await fill('tether', '1h', '2026-02-10T12:00:00Z', '2026-02-10T13:00:00Z');
    expect(await chart(['tether'], '2026-02-10T11:50:00Z', '2026-02-10T13:10:00Z')).toMatchObject({ minutes: 1, shown: 10 });
  });
});

test('where the next wider candles show little, those after them', async () => {
  await fill('tether', '5m', '2026-02-10T11:00:00Z', NOW);
  await fill('tether', '1h', daysBefore(1), NOW);
  expect(await chart(['tether'], daysBefore(1), NOW)).toMatchObject({ minutes: 60, steps: 24, shown: 24 });
});

test('a single value anywhere is more than none', async () => {
  await fill('tether', '1h', '2026-02-05T00:00:00Z', '2026-02-05T01:00:00Z');
  expect(await chart(['tether', 'bitcoin'], daysBefore(7), NOW)).toMatchObject({ minutes: 60, shown: 1 });
});
