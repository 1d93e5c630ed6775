/** `cdp offsets show | reset | record`: how far the stream has come in its log, and an operator's word where the log is another one. */
import type { Verdict } from '../../../jobs/runtime/offsets/identity.js';
import { getPlaceStatus, type ResetTo, recordPartitions, resetOffsets } from '../../../jobs/runtime/offsets/offsets.js';
import { OperatorError } from '../../domain/errors.js';
import { PRICES_TOPIC, UPDATES_TOPIC } from '../../domain/prices.js';
import type { EventLog } from '../../platform/event-log/event-log.js';
import type { Database } from '../../platform/postgres/database.js';
import type { CommandContext, CommandOptions } from '../command.js';
import { askLog, startEventLog } from '../foundation/event-log.js';
import { openCommandDatabase } from '../foundation/foundation.js';

const STATES: Record<Verdict['kind'], string> = { same: 'ok', overtaken: 'retention overtook it', refused: 'refused: see below' };

export default async function offsets(context: CommandContext, { action, partition, to, force }: CommandOptions): Promise<void> {
  const db = await openCommandDatabase(context, 'offsets');
  const log = await startEventLog(context, 'offsets', db);
  await askLog(context, async () => {
    if (action === 'reset') await reset(db, log, parsePartition(partition), parseTo(to));
    else if (action === 'record') await record(db, log, force === true);
    else if (action !== 'show') throw new OperatorError(`offsets ${action} is not known: show, reset or record.`);
    await show(db, log);
  });
}

async function show(db: Database, log: EventLog): Promise<void> {
  const places = await getPlaceStatus(db, log, PRICES_TOPIC);
  console.log('partition         next    log start      log end          lag  state');
  for (const { partition, nextOffset, bounds, verdict } of places) {
    const numbers = [nextOffset, bounds?.start, bounds?.end, bounds === null ? undefined : bounds.end - nextOffset];
    const cells = numbers.map((number) => String(number ?? '-').padStart(12)).join(' ');
    console.log(`${String(partition).padStart(9)} ${cells}  ${STATES[verdict.kind]}`);
  }
  for (const { verdict } of places) if (verdict.kind === 'refused') console.log(`\n${verdict.reason}`);
}

async function reset(db: Database, log: EventLog, partition: number | null, to: ResetTo): Promise<void> {
  const moves = await resetOffsets(db, log, PRICES_TOPIC, { partition, to });
  for (const move of moves) console.log(`partition ${move.partition}: reading goes on at ${move.offset}`);
  if (moves.length === 0) console.log('No partition is refused: nothing to reset. To move one nevertheless, say --partition.');
  console.log('');
}

async function record(db: Database, log: EventLog, force: boolean): Promise<void> {
  const { partitions, waiting } = await recordPartitions(db, log, PRICES_TOPIC, { alike: [UPDATES_TOPIC], force });
  console.log(`${PRICES_TOPIC} and ${UPDATES_TOPIC} have ${partitions} partitions from now on.`);
  if (waiting > 0n) console.log(`${waiting} records wait to be read: start the consumers, and the producers only when the lag is 0.`);
  console.log('');
}

function parsePartition(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^\d{1,6}$/.test(text)) throw new OperatorError('--partition must be a whole number.');
  return Number(text);
}

function parseTo(text = 'start'): ResetTo {
  if (text === 'start' || text === 'end') return text;
  if (!/^\d{1,18}$/.test(text)) throw new OperatorError('--to must be start, end or an offset.');
  return BigInt(text);
}
