/** What equal subscriptions that catch up are told is made once, and is never long out of date. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { type FeedEvent, Payloads } from '../../../../graphql/live/payloads.js';

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] }));
afterEach(() => void jest.useRealTimers());

const EVENT = { cursor: 'c', record: { sourcePartition: 0, sourcePosition: 1n, ordinal: 0 } } as FeedEvent;

test('made once for all who ask within seconds, and anew after that, however often it was asked for meanwhile', async () => {
  const payloads = new Payloads();
  let made = 0;
  const ask = async () => String(await payloads.get('key', [EVENT], async () => [Buffer.from(`${++made}`)]));
  expect([await ask(), await ask()]).toEqual(['1', '1']);
  jest.advanceTimersByTime(4_000);
  expect(await ask()).toBe('1');
  jest.advanceTimersByTime(4_000);
  expect(await ask()).toBe('2');
});

test('what could not be made is tried again by the next one', async () => {
  const payloads = new Payloads();
  await expect(payloads.get('key', [EVENT], () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(String(await payloads.get('key', [EVENT], async () => [Buffer.from('there')]))).toBe('there');
});
