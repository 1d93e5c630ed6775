/** `cdp dead-letters list | show | redrive | discard`: records of the log that could not be read, or that failed again and again. */
import { redriveDeadLetters } from '../../../jobs/streams/redrive.js';
import { systemClock } from '../../domain/time.js';
import {
  findDeadLetter,
  findPendingDeadLetters,
  getDeadLetters,
  markDeadLetters,
  readablePayload,
  type WholeDeadLetter,
} from '../../store/stream/dead-letters.js';
import type { CommandContext, CommandOptions } from '../command.js';
import { type Quarantine, runQuarantine } from './quarantine.js';

type Listed = Omit<WholeDeadLetter, 'key' | 'headers'> & Partial<WholeDeadLetter>;

const DEAD_LETTERS: Quarantine<Listed> = {
  name: 'dead-letters',
  noun: 'dead letter',
  columns: [
    { head: 'id', width: 8, of: ({ id }) => String(id) },
    { head: 'topic/partition', width: 20, of: ({ topic, partition }) => `${topic}/${partition}` },
    { head: 'position', width: 12, of: ({ offset }) => String(offset) },
    { head: 'stored', width: 24, of: ({ storedAt }) => storedAt.toISOString() },
  ],
  list: (db, limit) => getDeadLetters(db, { after: null, limit, pending: true }),
  find: findDeadLetter,
  facts: (letter) => ({
    topic: `${letter.topic}/${letter.partition}`,
    position: String(letter.offset),
    key: letter.key ?? 'none',
    headers: JSON.stringify(letter.headers),
    attempts: String(letter.attempts),
    stored: letter.storedAt.toISOString(),
    redriven: letter.redrivenAt?.toISOString() ?? 'no',
    discarded: letter.discardedAt?.toISOString() ?? 'no',
  }),
  payloadOf: ({ payload }) => readablePayload(payload),
  reasonOf: ({ reason }) => reason,
  findPending: (db, _, reason) => findPendingDeadLetters(db.pool, reason),
  redrive: (db, log, ids) => redriveDeadLetters(db, log, systemClock, ids),
  discard: (db, ids) => markDeadLetters(db.pool, ids, 'discarded', systemClock.now()),
  notRedriven: '',
};

export default function deadLetters(context: CommandContext, options: CommandOptions): Promise<void> {
  return runQuarantine(context, DEAD_LETTERS, options);
}
