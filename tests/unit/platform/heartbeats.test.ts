/** A loop that is silent for longer than its bound is stuck; one that rests owes nothing. */
import { expect, test } from '@jest/globals';
import { createHealth } from '../../../src/platform/health.js';
import { Heartbeats } from '../../../src/platform/heartbeats.js';

test('a heart that beats in time is not stuck, a silent one is, by name and bound', () => {
  let now = 0;
  const hearts = new Heartbeats(() => now);
  const polling = hearts.heart('polling', 60_000);
  const reading = hearts.heart('reading', 10_000);
  expect(hearts.stuck()).toEqual([]);
  polling.beat();
  reading.beat();
  now = 10_001;
  expect(hearts.stuck()).toEqual([{ loop: 'reading', silentSeconds: 10, boundSeconds: 10 }]);
  reading.beat();
  expect(hearts.stuck()).toEqual([]);
  now = 60_001;
  expect(
    hearts
      .stuck()
      .map(({ loop }) => loop)
      .sort(),
  ).toEqual(['polling', 'reading']);
});

test('a beat may give itself longer; a loop that rests owes no beat', () => {
  let now = 0;
  const hearts = new Heartbeats(() => now);
  const heart = hearts.heart('polling', 1_000);
  heart.beat(3_600_000);
  now = 3_600_000;
  expect(hearts.stuck()).toEqual([]);
  now++;
  expect(hearts.stuck()).toHaveLength(1);
  heart.rest();
  expect(hearts.stuck()).toEqual([]);
});

test('a process is alive while none of its loops is stuck', () => {
  const health = createHealth();
  expect(health.liveness()).toEqual({ status: 'alive', stuck: [] });
  health.hearts.heart('outbox', -1).beat();
  expect(health.liveness()).toMatchObject({ status: 'stuck', stuck: [{ loop: 'outbox' }] });
});
