/** `cdp rejected-rows list | show | redrive | discard`: rows that failed a dataset's validation. Those of the log can be redriven. */
import { redriveRejectedRows } from '../../../jobs/streams/redrive.js';
import { PRICES_TOPIC } from '../../domain/prices.js';
import { systemClock } from '../../domain/time.js';
import {
  findPendingRejectedRows,
  findRejectedRow,
  getRejectedRows,
  markRejectedRows,
  type RejectedRowRow,
} from '../../store/stream/rejected-rows.js';
import type { CommandContext, CommandOptions } from '../command.js';
import { type Quarantine, runQuarantine } from './quarantine.js';

const REJECTED_ROWS: Quarantine<RejectedRowRow> = {
  name: 'rejected-rows',
  noun: 'rejected row',
  columns: [
    { head: 'id', width: 8, of: ({ id }) => String(id) },
    { head: 'dataset', width: 20, of: ({ dataset }) => dataset },
    { head: 'coin', width: 20, of: ({ coinId }) => coinId ?? '' },
    { head: 'rejected', width: 24, of: ({ rejectedAt }) => rejectedAt.toISOString() },
  ],
  list: (db, limit) => getRejectedRows(db, { filter: {}, after: null, limit, pending: true }),
  find: findRejectedRow,
  facts: (row) => ({
    dataset: row.dataset,
    coin: row.coinId ?? 'none',
    origin: row.origin,
    position: row.position,
    rejected: row.rejectedAt.toISOString(),
    redriven: row.redrivenAt?.toISOString() ?? 'no',
    discarded: row.discardedAt?.toISOString() ?? 'no',
  }),
  payloadOf: ({ payload }) => payload,
  reasonOf: ({ reason }) => reason,
  findPending: (db, action, reason) => findPendingRejectedRows(db.pool, reason, action === 'redrive' ? PRICES_TOPIC : null),
  redrive: (db, log, ids) => redriveRejectedRows(db, log, systemClock, ids),
  discard: (db, ids) => markRejectedRows(db.pool, ids, 'discarded', systemClock.now()),
  notRedriven: ', or did not come through the log: the next fetch brings those again',
};

export default function rejectedRows(context: CommandContext, options: CommandOptions): Promise<void> {
  return runQuarantine(context, REJECTED_ROWS, options);
}
