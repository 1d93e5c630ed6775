/** Nothing lost, nothing twice: every position of the log is exactly one of raw, rejected row, dead letter, and what was acknowledged is there. */
import Big from 'big.js';
import { logOrigin, PRICES_TOPIC, type RawPrice } from '../../../src/domain/prices.js';
import type { LogRecord } from '../../../src/platform/event-log/event-log.js';
import type { Queryable } from '../../../src/platform/postgres/database.js';
import { compareRows } from '../../kit/reference/published-prices.js';
import { FATE, SERIAL } from '../load/ticks.js';
import { type Evidence, positionOf } from './evidence.js';

export async function judgeLogPositions(db: Queryable, evidence: Evidence, acknowledged: ReadonlyMap<string, string>): Promise<string[]> {
  const wrong = [...judgeContiguity(evidence), ...(await judgeGaps(db, evidence))];
  const found = await readFates(db, evidence.raw);
  for (const record of evidence.prices) {
    if (isLost(evidence, record)) continue;
    const position = positionOf(logOrigin(PRICES_TOPIC, record.partition), record.offset);
    const fates = found.get(position) ?? [];
    found.delete(position);
    const expected = record.headers[FATE];
    const said = fates.map(({ fate }) => fate).join(' and ') || 'nothing';
    if (fates.length !== 1) wrong.push(`${position} is ${said}`);
    else if (expected !== undefined && said !== expected) wrong.push(`${position} is ${said} (${fates[0]?.reason}), not ${expected}`);
    else if (fates[0]?.row !== undefined) wrong.push(...contentDifference(position, record, fates[0].row));
  }
  for (const [position, fates] of found)
    wrong.push(`${position} is ${fates.map(({ fate }) => fate).join(' and ')}, and the log had no such position to be read`);
  const serials = new Map(evidence.prices.map((record) => [record.place, record.headers[SERIAL]]));
  for (const [place, serial] of acknowledged) {
    if (serials.get(place) !== serial) wrong.push(`${place} was acknowledged for record ${serial}, and holds ${serials.get(place)}`);
  }
  return wrong;
}

const isLost = ({ lost }: Evidence, { partition, offset }: LogRecord) =>
  lost.some((range) => range.partition === partition && offset >= range.from && offset < range.to);

function judgeContiguity({ prices }: Evidence): string[] {
  const next = new Map<number, bigint>();
  const wrong: string[] = [];
  for (const { partition, offset } of prices) {
    if (offset !== (next.get(partition) ?? 0n))
      wrong.push(`partition ${partition} goes on with ${offset}, not ${next.get(partition) ?? 0n}`);
    next.set(partition, offset + 1n);
  }
  return wrong;
}

/** What was lost, and nothing else, the platform says it has lost: one gap for each time. */
async function judgeGaps(db: Queryable, { lost }: Evidence): Promise<string[]> {
  const { rows } = await db.query(`SELECT source, reason FROM ops.gaps WHERE reason LIKE 'retention removed%'`);
  return compareRows(
    'ops.gaps',
    rows.map(({ source, reason }) => [source, reason]),
    lost.map(({ topic, partition, from, to, base }) => [
      `${topic}/${partition}`,
      `retention removed the offsets from ${from - base} to ${to - base - 1n} before they were read`,
    ]),
  );
}

interface Found {
  fate: string;
  reason?: string;
  row?: RawPrice;
}

async function readFates(db: Queryable, raw: RawPrice[]): Promise<Map<string, Found[]>> {
  const found = new Map<string, Found[]>();
  const add = (origin: string, position: bigint, fate: Found) => {
    const name = positionOf(origin, position);
    found.set(name, [...(found.get(name) ?? []), fate]);
  };
  const ofTheLog = (origin: string) => origin.startsWith(`${PRICES_TOPIC}/`);
  for (const row of raw) if (ofTheLog(row.origin)) add(row.origin, row.position, { fate: 'raw', row });
  const rejected = await db.query(`SELECT origin, position, reason FROM ops.rejected_rows WHERE dataset = 'raw.raw_prices'`);
  for (const row of rejected.rows) if (ofTheLog(row.origin)) add(row.origin, row.position, { fate: 'rejected', reason: row.reason });
  const dead = await db.query('SELECT partition, "offset", reason FROM ops.dead_letters WHERE topic = $1', [PRICES_TOPIC]);
  for (const row of dead.rows) add(logOrigin(PRICES_TOPIC, row.partition), row.offset, { fate: 'dead letter', reason: row.reason });
  return found;
}

/** The row says what the record said. */
function contentDifference(place: string, record: LogRecord, row: RawPrice): string[] {
  const said = JSON.parse(record.value.toString());
  const same =
    said.coinId === row.coinId &&
    said.source === row.source &&
    new Big(said.priceUsd).eq(row.priceUsd) &&
    Date.parse(said.observedAt) === row.observedAt.getTime() &&
    Date.parse(said.receivedAt) === row.receivedAt.getTime() &&
    row.grain === 'tick';
  return same ? [] : [`${place} holds ${row.coinId} ${row.priceUsd} of ${row.observedAt.toISOString()}, and the log says ${record.value}`];
}
