/** Datasets, runs, and what failed at the door. */
import { operation } from '../operation.js';

/** Answered to the operator alone: shows whether a key is the right one. */
export const KEY_TRIAL = operation<{ deadLetters: { nodes: { id: string }[] } }>(
  `query KeyTrial { deadLetters(first: 1) { nodes { id } } }`,
);
