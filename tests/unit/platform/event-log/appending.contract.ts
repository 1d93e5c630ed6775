/** The contract of append, topics and their ids. */
import { expect, test } from '@jest/globals';
import { keyHash } from '../../../../src/domain/murmur2.js';
import { all, RETENTION_MS, records, type Setting } from './event-log-under-test.js';

export function describeAppending(setting: () => Setting): void {
  test('keeps key, binary value and headers as they are', async () => {
    const { log, topicOf } = setting();
    const topic = await topicOf(1);
    const value = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const before = Date.now();
    await log.append(topic, [
      { key: 'bitcoin', value, headers: { 'content-type': 'a/b', quote: `"'\\{},`, text: 'größe' } },
      { key: 'größe "x", {y}\\', value: Buffer.alloc(0) },
    ]);
    const [first, second] = await all(log, topic, [[0, 0n]]);
    expect(first).toMatchObject({
      topic,
      partition: 0,
      offset: 0n,
      key: 'bitcoin',
      headers: { 'content-type': 'a/b', quote: `"'\\{},`, text: 'größe' },
    });
    expect(first?.value.equals(value)).toBe(true);
    expect(Math.abs(Number(first?.appendedAt) - before)).toBeLessThan(60_000);
    expect(second).toMatchObject({ offset: 1n, key: 'größe "x", {y}\\', headers: {} });
    expect(second?.value).toHaveLength(0);
  });

  test('puts a key where Kafka puts it, and a record where it says', async () => {
    const { log, topicOf } = setting();
    const topic = await topicOf(6);
    const keys = ['bitcoin', 'ethereum', 'tether', 'größe', '', 'a', 'ab', 'abc'];
    const positions = await log.append(topic, [...records(keys), { key: 'bitcoin', value: Buffer.from('!'), partition: 5 }]);
    expect(positions.map(({ partition }) => partition)).toEqual([...keys.map((key) => keyHash(key) % 6), 5]);
    await expect((async () => log.append(topic, [{ key: 'bitcoin', value: Buffer.from('!'), partition: 6 }]))()).rejects.toThrow();
    expect((await log.bounds(topic)).reduce((sum, { end }) => sum + end, 0n)).toBe(9n);
  });

  test('answers with positions in the order of the records, and nothing for nothing', async () => {
    const { log, topicOf } = setting();
    const topic = await topicOf(2);
    const wanted = [0, 1, 0, 0, 1].map((partition, index) => ({ key: `${index}`, value: Buffer.from(`${index}`), partition }));
    expect(await log.append(topic, [])).toEqual([]);
    expect(await log.append(topic, wanted)).toEqual([
      { partition: 0, offset: 0n },
      { partition: 1, offset: 0n },
      { partition: 0, offset: 1n },
      { partition: 0, offset: 2n },
      { partition: 1, offset: 1n },
    ]);
    const stored = await all(log, topic, [[0, 0n]]);
    expect(stored.map(({ key }) => key)).toEqual(['0', '2', '3']);
  });

  test('numbers concurrent appends of several processes without a hole, each in its own order', async () => {
    const { log, openAnother, topicOf } = setting();
    const topic = await topicOf(3);
    const others = await Promise.all([openAnother(), openAnother()]);
    const rounds = 40;
    const writers = [log, log, ...others];
    const answered = await Promise.all(
      writers.map(async (writer, name) => {
        const positions = [];
        for (let round = 0; round < rounds; round++) {
          const batch = Array.from({ length: 1 + ((round * 7 + name) % 9) }, (_, index) => ({
            key: `${name}`,
            value: Buffer.from(JSON.stringify({ name, round, index })),
            // Partitions in an order that invites a deadlock.
            partition: (name % 2 === 0 ? index : 2 * index + round) % 3,
          }));
          const found = await writer.append(topic, batch);
          positions.push(...found.map((position, index) => ({ position, value: batch[index]?.value.toString() })));
        }
        return positions;
      }),
    );
    const stored = await all(log, topic, [
      [0, 0n],
      [1, 0n],
      [2, 0n],
    ]);
    for (const partition of [0, 1, 2]) {
      const own = stored.filter((record) => record.partition === partition);
      expect(own.map(({ offset }) => offset)).toEqual(own.map((_, index) => BigInt(index)));
      for (const name of writers.keys()) {
        const order = own
          .map(({ value }) => JSON.parse(value.toString()) as { name: number; round: number; index: number })
          .filter((value) => value.name === name);
        const sorted = order.toSorted((a, b) => a.round - b.round || a.index - b.index);
        expect(order).toEqual(sorted);
      }
    }
    const byPosition = new Map(stored.map((record) => [`${record.partition}/${record.offset}`, record.value.toString()]));
    const said = answered.flat();
    expect(byPosition.size).toBe(said.length);
    for (const { position, value } of said) expect(byPosition.get(`${position.partition}/${position.offset}`)).toBe(value);
    await Promise.all(others.map((other) => other.close()));
  });

  test('makes topics that are missing, leaves those that stand, and refuses another partition count by name', async () => {
    const { log, topicOf, openAnother } = setting();
    const topic = await topicOf(6);
    await log.append(topic, records(['a']));
    const id = await log.topicId(topic);
    const other = await openAnother();
    await other.ensureTopics([{ topic, partitions: 6, retentionMs: RETENTION_MS }]);
    expect(await other.topicId(topic)).toBe(id);
    expect((await other.bounds(topic)).map(({ partition }) => partition)).toEqual([0, 1, 2, 3, 4, 5]);
    await expect(other.ensureTopics([{ topic, partitions: 12, retentionMs: RETENTION_MS }])).rejects.toMatchObject({
      name: 'OperatorError',
      message: expect.stringMatching(new RegExp(`${topic}.*6.*12.*stop the producers.*drain.*add.*record.*start`, 's')),
    });
    await other.close();
  });

  test('a topic made anew has another id', async () => {
    const { log, deleteTopic, openAnother, topicOf } = setting();
    const topic = await topicOf(1);
    await log.append(topic, records(['a', 'b']));
    const id = await log.topicId(topic);
    await deleteTopic(topic);
    const other = await openAnother();
    await other.ensureTopics([{ topic, partitions: 1, retentionMs: RETENTION_MS }]);
    expect(await other.topicId(topic)).not.toBe(id);
    expect(await other.bounds(topic)).toEqual([{ partition: 0, start: 0n, end: 0n }]);
    await other.close();
  });

  test('an unknown topic is an error, not an empty one', async () => {
    const { log } = setting();
    await expect(log.topicId('no.such.topic')).rejects.toThrow('no.such.topic');
    await expect(log.append('no.such.topic', records(['a']))).rejects.toThrow('no.such.topic');
  });
}
