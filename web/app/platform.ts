/** What every page has to know about the platform: the realm, whose data it is, and whether it still moves. */
import { useAnswer } from '../api/client.js';
import { PLATFORM, type Platform } from '../api/operations/market.js';
import { STALE_MS, useStream } from '../live/prices.js';
import { usePresent } from '../ui/now.js';

const ASK_AGAIN_MS = 15_000;

const NONE = {};

export function usePlatform(): Platform | undefined {
  return useAnswer(PLATFORM, NONE, { everyMs: ASK_AGAIN_MS }).data?.platform;
}

/** How old the newest price of all is where that is too old; null while it is not. */
export function useStaleness(platform: Platform | undefined): number | null {
  const newestObservedAt = useStream((stream) => stream.newestObservedAt);
  const newest = [platform?.newestObservationAt, newestObservedAt]
    .filter((at) => at != null)
    .sort()
    .at(-1);
  return usePresent((present) => {
    const age = newest === undefined ? 0 : present - Date.parse(newest);
    return age > STALE_MS ? age : null;
  });
}
