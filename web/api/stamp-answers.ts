/**
 * Between the cache and the network: says of each answer when it came, so that a kept one can say how old it is.
 * Must stay true: an answer that failed has no data, though the server gave what it could: a null there may be an error, not an absence.
 */
import { mapExchange } from 'urql';
import { now } from './clock.js';

export const stampAnswers = mapExchange({
  onResult: (result) => (result.error ? { ...result, data: undefined } : { ...result, extensions: { answeredAt: now() } }),
});
