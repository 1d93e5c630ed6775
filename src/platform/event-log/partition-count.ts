/** A topic's partition count is not changed on the fly: which partition a key goes to depends on it, and with that the order of its records. */
import { OperatorError } from '../../domain/errors.js';

/** Throws an OperatorError that names the procedure where the topic has another count than it should. */
export function refuseOtherCount(topic: string, found: number, wanted: number): void {
  if (found === wanted) return;
  throw new OperatorError(
    `Topic ${topic} has ${found} partitions, and ${wanted} were expected. A key's partition depends on the number, so it is not changed on the fly: ` +
      'stop the producers, let the consumers drain, add the partitions, record the new number, and start again (docs/runbooks/add-partitions.md).',
  );
}
