import { describe, expect, test } from '@jest/globals';
import { fixedClock } from '../../../../kit/clock.js';
import { useFixtures } from './fixture-server.js';

const NOW = '2026-11-23T10:00:00.000Z';
const clock = fixedClock(NOW);
const { sourceOf, asked, queryOf } = useFixtures(clock);

describe('/simple/price', () => {
  test('keeps digits, instants and odd ids', async () => {
    const body = `{
      "4": {"usd": 1.206e-09, "last_updated_at": 1795421229},
      "-11": {"usd": 0.000000012345678901234567890, "last_updated_at": 1795421230},
      "1move token": {"usd": 42.0, "last_updated_at": 1795421231},
      "boringdao-[old]": {"usd": 9007199254740993, "last_updated_at": 1795421232}
    }`;
    const source = await sourceOf([body]);
    const ids = ['boringdao-[old]', '1move token', '-11', '4', '4'];
    const { rows, rejected, fetchedAt, receivedAt } = await source.currentPrices(ids);
    expect(rejected).toEqual([]);
    expect([fetchedAt, receivedAt]).toEqual([clock.now(), clock.now()]);
    expect(rows).toEqual([
      { coinId: '4', priceUsd: '0.000000001206', observedAt: at(29), payload: '{"usd":1.206e-09,"last_updated_at":1795421229}', ...ours },
      {
        coinId: '-11',
        priceUsd: '0.00000001234567890123456789',
        observedAt: at(30),
        payload: '{"usd":0.000000012345678901234567890,"last_updated_at":1795421230}',
        ...ours,
      },
      { coinId: '1move token', priceUsd: '42', observedAt: at(31), payload: '{"usd":42.0,"last_updated_at":1795421231}', ...ours },
      {
        coinId: 'boringdao-[old]',
        priceUsd: '9007199254740993',
        observedAt: at(32),
        payload: '{"usd":9007199254740993,"last_updated_at":1795421232}',
        ...ours,
      },
    ]);
    expect(Object.fromEntries(queryOf(0))).toEqual({
      ids: 'boringdao-[old],1move token,-11,4',
      vs_currencies: 'usd',
      include_last_updated_at: 'true',
      precision: 'full',
    });
  });
  const ours = { source: 'coingecko', receivedAt: new Date(NOW) };
  const at = (second: number) => new Date(1795421200000 + second * 1_000);

  test.each([
    ['{}', /usd is missing/],
    ['null', /is not an object/],
    ['[]', /is not an object/],
    ['1', /is not an object/],
    ['{"usd":null,"last_updated_at":1795421229}', /usd is null/],
    ['{"usd":-1,"last_updated_at":1795421229}', /usd is not greater than zero/],
    ['{"usd":0.0,"last_updated_at":1795421229}', /usd is not greater than zero/],
    ['{"usd":"1.5","last_updated_at":1795421229}', /usd is not a number: "1.5"/],
    ['{"usd":1e150,"last_updated_at":1795421229}', /out of all measure/],
    ['{"usd":1}', /last_updated_at is missing/],
    ['{"usd":1,"last_updated_at":null}', /last_updated_at is null/],
    ['{"usd":1,"last_updated_at":"2026-11-23"}', /last_updated_at is not a number/],
    ['{"usd":1,"last_updated_at":-5}', /last_updated_at is not an instant/],
    ['{"usd":1,"last_updated_at":1795421229000}', /last_updated_at is not an instant/],
    ['{"usd":1,"last_updated_at":1795421229,"note":"a\\u0000b"}', /NUL/],
    ['{"usd":1,"last_updated_at":1795421229,"note":"\\ud83d"}', /lone surrogate/],
  ])('rejects %s and keeps the good ones', async (entry, reason) => {
    const source = await sourceOf([
      `{"a":{"usd":1,"last_updated_at":1795421229},"bad":${entry},"z":{"usd":2,"last_updated_at":1795421229}}`,
    ]);
    const { rows, rejected } = await source.currentPrices(['a', 'bad', 'z']);
    expect(rows.map((row) => [row.coinId, row.priceUsd])).toEqual([
      ['a', '1'],
      ['z', '2'],
    ]);
    expect(rejected).toEqual([{ coinId: 'bad', reason: expect.stringMatching(reason), payload: entry }]);
  });

  test('rejects what was not asked for, and what has no id that could be kept', async () => {
    const source = await sourceOf([
      '{"other":{"usd":1,"last_updated_at":1795421229},"\\u0000":{"usd":1,"last_updated_at":1795421229},"":{}}',
    ]);
    const { rows, rejected } = await source.currentPrices(['bitcoin']);
    expect(rows).toEqual([]);
    expect(rejected.map((row) => [row.coinId, row.reason])).toEqual([
      ['other', 'the coin was not asked for'],
      [null, 'the coin was not asked for'],
      [null, 'the coin was not asked for'],
    ]);
  });

  test('asks for many coins in as many calls as the URL needs, and survives the loss of some', async () => {
    const ids = Array.from({ length: 600 }, (_, index) => `a-coin-with-a-rather-long-name-${index}`);
    const warnings: string[] = [];
    const good = JSON.stringify({ [ids[599] as string]: { usd: 3, last_updated_at: 1795421229 } });
    const source = await sourceOf(['{}', '[]', good], { warnings });
    const { rows } = await source.currentPrices(ids);
    expect(rows).toHaveLength(1);
    expect(warnings).toEqual([expect.stringMatching(/some prices are missing.*the answer is a list/)]);
    expect(asked().length).toBeGreaterThan(3);
    expect(Math.max(...asked().map((url) => url.length))).toBeLessThan(6_000);
    const askedFor = asked().flatMap((_, index) => (queryOf(index).get('ids') as string).split(','));
    expect(askedFor.sort()).toEqual(ids.sort());
    expect(await source.pollSeconds(30, ids)).toBe(30 * asked().length);
  });
});
