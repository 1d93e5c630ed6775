import { describe, expect, test } from '@jest/globals';
import { fixedClock } from '../../../../kit/clock.js';
import { useFixtures } from './fixture-server.js';

const clock = fixedClock('2026-11-23T10:00:00.000Z');
const { sourceOf } = useFixtures(clock);

describe('/global', () => {
  test('gives the figures that the marts keep, with the source’s digits', async () => {
    const body =
      '{"data":{"total_market_cap":{"usd":2621040321355.0405,"vef":2.163547714415237e+20},"total_volume":{"usd":95133256404.37308},' +
      '"market_cap_percentage":{"btc":57.9539332566265,"eth":9.58227145398409},"updated_at":1795421229}}';
    expect(await (await sourceOf([body])).global()).toEqual({
      fetchedAt: clock.now(),
      receivedAt: clock.now(),
      marketCapUsd: '2621040321355.0405',
      volume24hUsd: '95133256404.37308',
      bitcoinDominancePct: '57.9539332566265',
      ethereumDominancePct: '9.58227145398409',
      sourceUpdatedAt: new Date(1795421229000),
      payload: body,
    });
  });

  test('has nulls for what it does not say', async () => {
    expect(await (await sourceOf(['{"data":{}}'])).global()).toMatchObject({
      marketCapUsd: null,
      bitcoinDominancePct: null,
      sourceUpdatedAt: null,
    });
  });

  test.each([
    '{}',
    '[]',
    '{"data":null}',
    '{"data":{"total_market_cap":{"usd":-1}}}',
    '{"data":{"market_cap_percentage":{"btc":100.1,"eth":9}}}', // would block every publish
    '{"data":{"market_cap_percentage":{"btc":57,"eth":1e3}}}',
    '{"data":{"note":"\\u0000"}}',
  ])('is unusable as %s', async (body) => {
    await expect((await sourceOf([body])).global()).rejects.toMatchObject({ kind: 'malformed', endpoint: '/global' });
  });
});
