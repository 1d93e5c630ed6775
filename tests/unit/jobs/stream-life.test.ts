/** What a stream says of itself: a stuck batch is not hidden by a log that goes on, and an error that is waited out is named. */
import { expect, test } from '@jest/globals';
import { StreamLife } from '../../../jobs/runtime/observation/stream-life.js';
import { Heartbeats } from '../../../src/platform/heartbeats.js';

const MINUTE = 60_000;

test('a batch that hangs is stuck though the log goes on, until its partition is given back', () => {
  let now = 0;
  const heartbeats = new Heartbeats(() => now);
  const life = new StreamLife(heartbeats, 't');
  life.turned(0);
  life.turned(1);
  life.trying(1);
  for (; now <= 7 * MINUTE; now += 10_000) {
    life.turned(0);
    life.turned(1);
  }
  expect(heartbeats.stuck().map(({ loop }) => loop)).toEqual(['t/1']);
  life.trying(1); // another attempt: it lives
  expect(heartbeats.stuck()).toEqual([]);
  now += 7 * MINUTE;
  life.turned(0);
  expect(heartbeats.stuck().map(({ loop }) => loop)).toEqual(['t/1']);
  life.released(1);
  expect(heartbeats.stuck()).toEqual([]);
});

test('a loop that no longer reads is stuck, also when its last batch went well', () => {
  let now = 0;
  const heartbeats = new Heartbeats(() => now);
  const life = new StreamLife(heartbeats, 't');
  life.trying(0);
  life.done(0);
  now = 3 * MINUTE;
  expect(heartbeats.stuck().map(({ loop }) => loop)).toEqual(['t/0']);
});

test('what is waited out is said with its cause, longest first, until it goes on', () => {
  const life = new StreamLife(new Heartbeats(), 't');
  expect(life.waiting(true)).toBeNull();
  life.waits(3, new Error('disk full'));
  life.waits(3, new Error('still full'));
  life.waits(null, new Error('log away'));
  expect(life.waiting(false)?.reason).toBe('partition 3 waits out an error: still full');
  life.goesOn(3);
  expect(life.waiting(false)).toBeNull();
  life.waits(null, new Error('log away'));
  expect(life.waiting(false)?.reason).toBe('the stream waits out an error: log away');
  expect(life.waiting(true)).toBeNull();
});
