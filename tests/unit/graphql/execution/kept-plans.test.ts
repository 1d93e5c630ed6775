/** Plans are kept up to so many fields: those in use stay. */
import { expect, test } from '@jest/globals';
import { KeptPlans } from '../../../../graphql/execution/kept-plans.js';

test('the plans that were not used for longest go, as many as there has to be room for', () => {
  const kept = new KeptPlans(10);
  const forgotten: string[] = [];
  const plans = new Map(Object.entries({ a: 4, b: 3, c: 3, d: 6 }).map(([name, fields]) => [name, { fields, execute: () => ({}) }]));
  const use = (name: string) => kept.use(plans.get(name) as never, () => void forgotten.push(name));
  for (const name of ['a', 'b', 'c', 'a', 'b']) use(name);
  expect(forgotten).toEqual([]);
  use('d');
  expect(forgotten).toEqual(['c', 'a']);
  use('b');
  use('a');
  expect(forgotten).toEqual(['c', 'a', 'd']);
});
