/**
 * The coins that a subscription names. One that the platform does not follow would be waited for in silence, and nobody could tell a slip
 * of the pen from a coin to come: so it is refused, and whoever wants coins that come later names none.
 * Must stay true: a cursor resumes whatever became of its coins since: what they said before they went stands in the log.
 */
import type { Queryable } from '../../src/platform/postgres/queryable.js';
import { getUntrackedOf } from '../../src/store/tracked-coins.js';
import { badUserInput } from '../errors.js';
import { LIMITS } from '../limits.js';

/** More are counted, not named. */
const MOST_NAMED = 5;

/** @throws GraphQLError BAD_USER_INPUT. `coinIds` null: all coins. */
export async function checkChosenCoins(
  db: Queryable,
  { coinIds, after }: { coinIds?: readonly string[] | null; after?: string | null },
): Promise<void> {
  if (coinIds == null) return;
  if (coinIds.length < 1 || coinIds.length > LIMITS.ids)
    throw badUserInput(`coinIds: ${coinIds.length} ids; name 1 to ${LIMITS.ids}, or leave them out for all coins`);
  if (after != null) return;
  const untracked = await getUntrackedOf(db, coinIds);
  if (untracked.length === 0) return;
  const names = untracked.slice(0, MOST_NAMED).map((id) => JSON.stringify(id.slice(0, 60)));
  const more = untracked.length > MOST_NAMED ? ` and ${untracked.length - MOST_NAMED} more` : '';
  throw badUserInput(`Not tracked: ${names.join(', ')}${more}; name coins that the query coins returns`);
}
