/** Plans are kept up to so much memory, their documents counted: those in use stay. */
import { expect, test } from '@jest/globals';
import { parse } from 'graphql';
import { KeptPlans } from '../../../../graphql/execution/kept-plans.js';

const SMALL = parse('{ a }');
/** One field, and a document that fills a body. */
const LARGE = parse(`{ a(ids: [${'"x" '.repeat(25_000)}]) }`);

function keeping(bytes: number, plans: Record<string, number>, documentOf: (name: string) => ReturnType<typeof parse> = () => SMALL) {
  const kept = new KeptPlans(bytes);
  const forgotten: string[] = [];
  const made = new Map(Object.entries(plans).map(([name, fields]) => [name, { fields, execute: () => ({}) }]));
  const use = (name: string) => kept.use(made.get(name) as never, documentOf(name), () => void forgotten.push(name));
  return { use, forgotten };
}

test('the plans that were not used for longest go, as many as there has to be room for', () => {
  const { use, forgotten } = keeping(8_000, { a: 4, b: 3, c: 3, d: 6 });
  for (const name of ['a', 'b', 'c', 'a', 'b']) use(name);
  expect(forgotten).toEqual([]);
  use('d');
  expect(forgotten).toEqual(['c', 'a']);
  use('b');
  use('a');
  expect(forgotten).toEqual(['c', 'a', 'd']);
});

test('few fields of a large document are much, whatever the document holds', () => {
  const { use, forgotten } = keeping(20_000_000, { a: 1, b: 1, c: 1 }, (name) => (name === 'b' ? SMALL : LARGE));
  for (const name of ['a', 'b', 'c']) use(name);
  expect(forgotten).toEqual(['a']);
});
