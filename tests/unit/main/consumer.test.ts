/** What a consumer says of its partitions at /readyz. */
import { expect, test } from '@jest/globals';
import { checkPartitions } from '../../../src/main/consumer.js';

const stream = (over: Partial<Parameters<typeof checkPartitions>[0]> = {}) => ({
  settled: () => true,
  refused: () => new Map<number, string>(),
  waiting: () => null,
  ...over,
});

test('ready with its partitions; not before it knows them', () => {
  expect(checkPartitions(stream())).toEqual({ status: 'ready' });
  expect(checkPartitions(stream({ settled: () => false }))).toMatchObject({ status: 'not_ready' });
});

test('degraded where the log is another one', () => {
  expect(checkPartitions(stream({ refused: () => new Map([[2, 'made anew']]) }))).toEqual({ status: 'degraded', reason: 'made anew' });
});

test('not ready when it has waited out an error for long, with the error', () => {
  const waiting = (sinceMs: number) => stream({ waiting: () => ({ reason: 'partition 3 waits out an error: disk full', sinceMs }) });
  expect(checkPartitions(waiting(20_000))).toEqual({ status: 'ready' });
  expect(checkPartitions(waiting(61_000))).toEqual({
    status: 'not_ready',
    reason: 'for 61 s now partition 3 waits out an error: disk full',
  });
});
