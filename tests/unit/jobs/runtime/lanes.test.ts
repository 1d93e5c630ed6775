/** Lanes: single items pass at once, waiting ones go out together, and one that fails holds up no other. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Lanes } from '../../../../jobs/runtime/stream/lanes.js';

/** Lanes whose groups wait until they are let go, or made to fail. An item weighs one. */
function gatedLanes(weights: { lanes: number; laneWeight: number; maxWeight: number; restMs?: number }) {
  const groups: { items: number[]; done(): void; fail(): void }[] = [];
  const alone: number[] = [];
  const gated = new Lanes<number>({
    restMs: 0,
    ...weights,
    weightOf: () => 1,
    together: (items) =>
      new Promise((resolve, reject) => groups.push({ items, done: resolve, fail: () => reject(new Error('not together')) })),
    alone: async (item) => {
      alone.push(item);
      if (item < 0) throw new Error(`${item} cannot be done`);
    },
  });
  return { lanes: gated, groups, alone };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('Lanes', () => {
  test('what comes alone passes at once; what waits goes together, up to the weight of a group', async () => {
    const { lanes, groups } = gatedLanes({ lanes: 1, laneWeight: 1, maxWeight: 3 });
    const all = [1, 2, 3, 4, 5].map((item) => lanes.run(item));
    expect(groups.map(({ items }) => items)).toEqual([[1]]);
    for (const place of [0, 1, 2]) {
      groups[place]?.done();
      await settled();
    }
    expect(groups.map(({ items }) => items)).toEqual([[1], [2, 3, 4], [5]]);
    await Promise.all(all);
  });

  test('as much as is worth a lane goes beside other rounds, as long as there are lanes', async () => {
    const { lanes, groups } = gatedLanes({ lanes: 2, laneWeight: 2, maxWeight: 3 });
    const all = [1, 2, 3, 4, 5].map((item) => lanes.run(item));
    expect(groups.map(({ items }) => items)).toEqual([[1], [2, 3]]);
    groups[1]?.done();
    await settled();
    expect(groups.map(({ items }) => items)).toEqual([[1], [2, 3], [4, 5]]);
    groups[0]?.done();
    groups[2]?.done();
    await Promise.all(all);
  });

  test('whom a round lets go comes back in time for the next one', async () => {
    const { lanes, groups } = gatedLanes({ lanes: 1, laneWeight: 3, maxWeight: 3, restMs: 5 });
    const [first, second] = [lanes.run(1), lanes.run(2)];
    groups[0]?.done();
    await first;
    const third = lanes.run(3);
    while (groups.length < 2) await settled();
    expect(groups.map(({ items }) => items)).toEqual([[1], [2, 3]]);
    groups[1]?.done();
    await Promise.all([second, third]);
  });

  test('what has waited too long goes beside the others as soon as there is a lane, however little it is', async () => {
    const { lanes, groups } = gatedLanes({ lanes: 2, laneWeight: 3, maxWeight: 3 });
    const all = [1, 2, 3, 4, 5].map((item) => lanes.run(item));
    await sleep(300); // its patience is at an end, and no lane is free
    expect(groups.map(({ items }) => items)).toEqual([[1], [2, 3, 4]]);
    groups[1]?.done();
    while (groups.length < 3) await settled();
    expect(groups[2]?.items).toEqual([5]);
    for (const { done } of groups) done();
    await Promise.all(all);
  });

  test('of a group that fails each is tried alone, and its lane is free meanwhile', async () => {
    const { lanes, groups, alone } = gatedLanes({ lanes: 1, laneWeight: 1, maxWeight: 3 });
    const first = lanes.run(1);
    const [bad, good] = [lanes.run(-2), lanes.run(3)];
    const outcome = expect(bad).rejects.toThrow('-2 cannot be done');
    groups[0]?.done();
    await first;
    groups[1]?.fail();
    await good;
    await outcome;
    expect(alone).toEqual([-2, 3]);
    const next = lanes.run(4);
    while (groups.length < 3) await settled();
    expect(groups.at(-1)?.items).toEqual([4]);
    groups.at(-1)?.done();
    await next;
  });
});
