/** What `cdp dead-letters` and `cdp rejected-rows` have in common: list, show, redrive and discard what is in quarantine. */
import { OperatorError } from '../../domain/errors.js';
import type { EventLog } from '../../platform/event-log/event-log.js';
import type { Database } from '../../platform/postgres/database.js';
import type { CommandContext, CommandOptions } from '../command.js';
import { askLog, startEventLog } from '../foundation/event-log.js';
import { openCommandDatabase } from '../foundation/foundation.js';

export interface Quarantine<Row> {
  /** Of the command. */
  name: string;
  /** In words: 'dead letter'. */
  noun: string;
  /** Of the table that `list` prints; the reason is the last one. */
  columns: readonly { head: string; width: number; of(row: Row): string }[];
  /** The newest of those that wait. */
  list(db: Database, limit: number): Promise<Row[]>;
  find(db: Database, id: bigint): Promise<Row | null>;
  /** All that `show` prints of it before the payload. */
  facts(row: Row): Record<string, string>;
  payloadOf(row: Row): string;
  reasonOf(row: Row): string;
  /** Ids of all that wait and may be redriven, or discarded; null: whatever their reason. */
  findPending(db: Database, action: 'redrive' | 'discard', reason: string | null): Promise<bigint[]>;
  redrive(db: Database, log: EventLog, ids: readonly bigint[]): Promise<number>;
  discard(db: Database, ids: readonly bigint[]): Promise<number>;
  /** Why one that was named may not have been redriven. */
  notRedriven: string;
}

const USUAL_LIMIT = 50;

export async function runQuarantine<Row>(context: CommandContext, quarantine: Quarantine<Row>, options: CommandOptions): Promise<void> {
  const { action, ids = [], limit } = options;
  if (action !== 'list' && action !== 'show' && action !== 'redrive' && action !== 'discard')
    throw new OperatorError(`${quarantine.name} ${action} is not known: list, show, redrive or discard.`);
  const db = await openCommandDatabase(context, quarantine.name);
  if (action === 'list') return list(db, quarantine, limit === undefined ? USUAL_LIMIT : parseLimit(limit));
  if (action === 'show') return show(db, quarantine, ids);
  const chosen = await choose(db, quarantine, action, options);
  if (chosen.length === 0) return console.log(`No ${quarantine.noun} waits: nothing to ${action}.`);
  const log = action === 'redrive' ? await startEventLog(context, quarantine.name, db) : null;
  const done = log === null ? await quarantine.discard(db, chosen) : await askLog(context, () => quarantine.redrive(db, log, chosen));
  console.log(`${done} of ${chosen.length} ${action === 'redrive' ? 'redriven' : 'discarded'}.`);
  if (done < chosen.length)
    throw new OperatorError(
      `The others are unknown, or were redriven or discarded before${action === 'redrive' ? quarantine.notRedriven : ''}.`,
    );
}

async function list<Row>(db: Database, quarantine: Quarantine<Row>, limit: number): Promise<void> {
  const rows = await quarantine.list(db, limit + 1);
  if (rows.length === 0) return console.log(`No ${quarantine.noun} waits.`);
  console.log(`${quarantine.columns.map(({ head, width }) => head.padEnd(width)).join('  ')}  reason`);
  for (const row of rows.slice(0, limit))
    console.log(`${quarantine.columns.map(({ width, of }) => of(row).padEnd(width)).join('  ')}  ${onOneLine(quarantine.reasonOf(row))}`);
  if (rows.length > limit) console.log(`There are more: --limit ${Math.min(limit * 10, 999_999)} shows them.`);
}

async function show<Row>(db: Database, quarantine: Quarantine<Row>, ids: readonly string[]): Promise<void> {
  const [id] = parseIds(quarantine, ids);
  if (id === undefined || ids.length > 1)
    throw new OperatorError(`${quarantine.name} show needs one id: \`cdp ${quarantine.name} list\` names them.`);
  const row = await quarantine.find(db, id);
  if (row === null)
    throw new OperatorError(`There is no ${quarantine.noun} ${id}: \`cdp ${quarantine.name} list\` names those that there are.`);
  for (const [name, value] of Object.entries({ ...quarantine.facts(row), reason: quarantine.reasonOf(row) }))
    console.log(`${name.padEnd(10)} ${value}`);
  console.log(`\n${quarantine.payloadOf(row)}`);
}

async function choose<Row>(
  db: Database,
  quarantine: Quarantine<Row>,
  action: 'redrive' | 'discard',
  { ids = [], all = false, reason }: CommandOptions,
): Promise<bigint[]> {
  if (all === ids.length > 0) throw new OperatorError(`${quarantine.name} ${action} needs either ids or --all.`);
  if (reason !== undefined && !all) throw new OperatorError('--reason narrows --all down: give both, or ids alone.');
  return all ? quarantine.findPending(db, action, reason ?? null) : parseIds(quarantine, ids);
}

function parseIds(quarantine: { name: string }, ids: readonly string[]): bigint[] {
  const wrong = ids.find((id) => !/^\d{1,18}$/.test(id));
  if (wrong !== undefined) throw new OperatorError(`${wrong} is no id: \`cdp ${quarantine.name} list\` names them.`);
  return [...new Set(ids.map(BigInt))];
}

function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new OperatorError('--limit must be a whole number, 1 or more.');
  return Number(text);
}

const onOneLine = (text: string) => text.replaceAll(/\s+/g, ' ');
