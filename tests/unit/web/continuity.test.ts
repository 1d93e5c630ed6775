/** The proof that no update is missing: it must see a gap, a break that was closed, and one that was not. */
import { describe, expect, test } from '@jest/globals';
import { type ChainedUpdate, Continuity } from '../../../web/live/continuity.js';

const START = Date.parse('2026-03-10T12:00:00Z');

/** A coin's updates with prices that count up, one a second. */
function chain(coinId: string, from: number, to: number): ChainedUpdate[] {
  return Array.from({ length: to - from }, (_, index) => ({
    coinId,
    usd: String(from + index),
    previousUsd: String(from + index - 1),
    observedAt: new Date(START + (from + index) * 1_000).toISOString(),
  }));
}

function feed(continuity: Continuity, updates: ChainedUpdate[]): void {
  for (const update of updates) continuity.accept(update);
}

describe('continuity', () => {
  test('links each update to the one before of the same coin', () => {
    const continuity = new Continuity();
    const [bitcoin, ethereum] = [chain('bitcoin', 1, 5), chain('ethereum', 1, 5)];
    feed(
      continuity,
      bitcoin.flatMap((update, index) => [update, ethereum[index] as ChainedUpdate]),
    );
    expect(continuity.report).toMatchObject({ received: 8, linked: 6, broken: 0 });
  });

  test('sees the one update that is missing', () => {
    const continuity = new Continuity();
    feed(
      continuity,
      chain('bitcoin', 1, 10).filter(({ usd }) => usd !== '5'),
    );
    expect(continuity.report).toMatchObject({ received: 8, linked: 6, broken: 1 });
  });

  test('sees an update that came twice', () => {
    const continuity = new Continuity();
    const updates = chain('bitcoin', 1, 4);
    feed(continuity, [...updates, updates.at(-1) as ChainedUpdate]);
    expect(continuity.report.broken).toBe(1);
  });

  test('counts what a break held back, and nothing that came after', () => {
    const continuity = new Continuity();
    feed(continuity, chain('bitcoin', 1, 3));
    continuity.lost(START + 3_000);
    continuity.lost(START + 4_000); // says nothing new: it was lost before
    expect(continuity.back(START + 6_500)).toBe(true);
    feed(continuity, chain('bitcoin', 3, 10));
    expect(continuity.report).toMatchObject({ received: 9, linked: 8, broken: 0 });
    expect(continuity.report.resumptions).toEqual([{ lostAt: START + 3_000, backAt: START + 6_500, caughtUp: 4, lost: false }]);
  });

  test('a break after which all begins anew is known by that, and no other one', () => {
    const continuity = new Continuity();
    for (const at of [START, START + 10_000]) {
      continuity.lost(at);
      continuity.back(at + 1_000);
    }
    continuity.beginAnew();
    expect(continuity.report.resumptions.map(({ lost }) => lost)).toEqual([true, false]);
  });

  test('a first connection is no resumption', () => {
    const continuity = new Continuity();
    expect(continuity.back(START)).toBe(false);
    expect(continuity.report.resumptions).toEqual([]);
  });

  test('chains do not reach over what has expired', () => {
    const continuity = new Continuity();
    feed(continuity, chain('bitcoin', 1, 3));
    continuity.beginAnew();
    feed(continuity, chain('bitcoin', 7, 9));
    expect(continuity.report).toMatchObject({ received: 4, linked: 2, broken: 0, losses: 1 });
  });
});
