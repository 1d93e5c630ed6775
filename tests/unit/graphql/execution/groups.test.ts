/** Equal work that comes while its like is under way: begun once for all, after all have come. */
import { describe, expect, test } from '@jest/globals';
import { Groups } from '../../../../graphql/execution/groups.js';

/** Work that ends when it is told to; every beginning is noted. */
function startBench() {
  const groups = new Groups<string>();
  const begun: { name: string; end: PromiseWithResolvers<string> }[] = [];
  const ask = (key: string, name: string) =>
    groups.do(key, () => {
      const end = Promise.withResolvers<string>();
      begun.push({ name, end });
      return end.promise;
    });
  return {
    ask,
    begun,
    names: () => begun.map(({ name }) => name),
    end: (index: number, result: string) => begun[index]?.end.resolve(result),
  };
}

describe('equal work', () => {
  test('waits for nothing where nothing is under way', async () => {
    const { ask, names, end } = startBench();
    const first = ask('a', 'first');
    expect(names()).toEqual(['first']);
    end(0, 'one');
    expect(await first).toBe('one');
    const second = ask('a', 'second');
    expect(names()).toEqual(['first', 'second']);
    end(1, 'two');
    expect(await second).toBe('two');
  });

  test('shares what begins after it came, never what had begun', async () => {
    const { ask, names, end } = startBench();
    const first = ask('a', 'first');
    const waiting = [ask('a', 'second'), ask('a', 'third')];
    expect(names()).toEqual(['first']);
    end(0, 'old');
    expect(await first).toBe('old');
    expect(names()).toEqual(['first', 'second']);
    const late = ask('a', 'late');
    end(1, 'new');
    expect(await Promise.all(waiting)).toEqual(['new', 'new']);
    end(2, 'newer');
    expect(await late).toBe('newer');
    expect(names()).toEqual(['first', 'second', 'late']);
  });

  test('of another key goes its own way', async () => {
    const { ask, names, end } = startBench();
    const [a, b] = [ask('a', 'a'), ask('b', 'b')];
    expect(names()).toEqual(['a', 'b']);
    end(1, 'of b');
    expect(await b).toBe('of b');
    end(0, 'of a');
    expect(await a).toBe('of a');
  });

  test('shares a failure too, which is nobody else’s', async () => {
    const { ask, begun, end } = startBench();
    const first = ask('a', 'first');
    const waiting = [ask('a', 'second'), ask('a', 'third')];
    begun[0]?.end.reject(new Error('first failed'));
    await expect(first).rejects.toThrow('first failed');
    const later = ask('a', 'later');
    begun[1]?.end.reject(new Error('second failed'));
    for (const each of waiting) await expect(each).rejects.toThrow('second failed');
    end(2, 'well');
    expect(await later).toBe('well');
  });

  test('that throws before it has begun is a failure like any other', async () => {
    const groups = new Groups<string>();
    const refuse = () => {
      throw new Error('refused');
    };
    await expect(groups.do('a', refuse)).rejects.toThrow('refused');
    expect(await groups.do('a', async () => 'well')).toBe('well');
  });
});
