/** How far the platform has come, as its database says. */
import { PRICES_TOPIC } from '../../../src/domain/prices.js';
import type { Platform } from './platform.js';

/** `ends` null: up to where the log ends now. */
export async function hasStoredUpTo(platform: Platform, ends: ReadonlyMap<number, bigint> | null): Promise<boolean> {
  const goals = ends ?? (await endsOf(platform));
  const stored = await getNextOffsets(platform);
  return [...goals].every(([partition, end]) => (stored.get(partition) ?? 0n) >= end);
}

export async function endsOf(platform: Platform): Promise<Map<number, bigint>> {
  return new Map((await platform.log().bounds(PRICES_TOPIC)).map(({ partition, end }) => [partition, end]));
}

/** What is stored, per partition: all below. */
export async function getNextOffsets(platform: Platform): Promise<Map<number, bigint>> {
  const { rows } = await platform
    .db()
    .pool.query<{ partition: number; next_offset: bigint }>('SELECT partition, next_offset FROM ops.stream_offsets WHERE topic = $1', [
      PRICES_TOPIC,
    ]);
  return new Map(rows.map((row) => [row.partition, row.next_offset]));
}
