/** Coins that are called alike are told apart, for Grafana makes one of options with one text. */
import { expect, test } from '@jest/globals';
import { labelCoins } from '../../../../graphql/grafana/coins.js';

test('every coin has a label of its own', () => {
  const coin = (id: string, name: string, symbol: string) => ({ id, name, symbol, rank: null });
  const labels = labelCoins([
    coin('bitcoin', 'Bitcoin', 'btc'),
    coin('cat', 'Cat', 'cat'),
    coin('cat-2', 'Cat', 'CAT'),
    coin('cats', 'Cat', 'cats'),
  ]);
  expect([...labels]).toEqual([
    ['bitcoin', 'Bitcoin (BTC)'],
    ['cat', 'Cat (CAT) cat'],
    ['cat-2', 'Cat (CAT) cat-2'],
    ['cats', 'Cat (CATS)'],
  ]);
});
