/** A loop that is silent for longer than its bound is stuck; one that rests owes nothing. */
import { expect, test } from '@jest/globals';
import { createHealth } from '../../../src/platform/health.js';
import { Heartbeats } from '../../../src/platform/heartbeats.js';

test('a heartbeat that beats in time is not stuck, a silent one is, by name and bound', () => {
  let now = 0;
  const heartbeats = new Heartbeats(() => now);
  const polling = heartbeats.of('polling', 60_000);
  const reading = heartbeats.of('reading', 10_000);
  expect(heartbeats.stuck()).toEqual([]);
  polling.beat();
  reading.beat();
  now = 10_001;
  expect(heartbeats.stuck()).toEqual([{ loop: 'reading', silentSeconds: 10, boundSeconds: 10 }]);
  reading.beat();
  expect(heartbeats.stuck()).toEqual([]);
  now = 60_001;
  expect(
    heartbeats
      .stuck()
      .map(({ loop }) => loop)
      .sort(),
  ).toEqual(['polling', 'reading']);
});

test('a beat may give itself longer; a loop that rests owes no beat', () => {
  let now = 0;
  const heartbeats = new Heartbeats(() => now);
  const heartbeat = heartbeats.of('polling', 1_000);
  heartbeat.beat(3_600_000);
  now = 3_600_000;
  expect(heartbeats.stuck()).toEqual([]);
  now++;
  expect(heartbeats.stuck()).toHaveLength(1);
  heartbeat.rest();
  expect(heartbeats.stuck()).toEqual([]);
});

test('a process is alive while none of its loops is stuck', () => {
  const health = createHealth();
  expect(health.liveness()).toEqual({ status: 'alive', stuck: [] });
  health.heartbeats.of('outbox', -1).beat();
  expect(health.liveness()).toMatchObject({ status: 'stuck', stuck: [{ loop: 'outbox' }] });
});
