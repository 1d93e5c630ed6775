/**
 * How the simulator misbehaves: what share of responses or of observations has which fault.
 * Must stay true: the same seed misbehaves in the same places; an observation's fault depends on its coin and instant alone.
 */
import { fraction, hash, hashText } from './random.js';

/** Each a share, 0 to 1; none unless given. */
export type FaultRates = Partial<Record<ResponseFault | ObservationFault, number>>;

const RESPONSE_FAULTS = [
  'rateLimited', // 429 with Retry-After: 1
  'rateLimitedSilently', // 429 as plain text, without Retry-After
  'rateLimitedAsSuccess', // the error of a 429 inside HTTP 200
  'serverError', // 500, 502 or 503
  'slow', // answers after two seconds
  'hang', // never answers
  'malformed', // JSON until something breaks it
  'truncated', // the connection ends before the body does
  'html', // a page with HTTP 200
  'empty', // no body with HTTP 200
] as const;
export type ResponseFault = (typeof RESPONSE_FAULTS)[number];

const OBSERVATION_FAULTS = [
  'late', // kept back, and sent a minute later for a moment, after its successor
  'duplicate', // the one before is sent again for a moment, after its successor
  'corrected', // another price for the first ten seconds
  'corrupt', // no valid price at all; see CORRUPTIONS
] as const;
export type ObservationFault = (typeof OBSERVATION_FAULTS)[number];

/** What stands in the place of a coin's entry. */
export const CORRUPTIONS: ((price: number, instant: number) => unknown)[] = [
  (price, instant) => ({ usd: -price, last_updated_at: instant }),
  (_price, instant) => ({ usd: 0, last_updated_at: instant }),
  (_price, instant) => ({ usd: null, last_updated_at: instant }),
  (price, instant) => ({ usd: String(price), last_updated_at: instant }),
  (_price, instant) => ({ usd: 1e150, last_updated_at: instant }),
  (price) => ({ usd: price }),
  (price) => ({ usd: price, last_updated_at: 'today' }),
  () => ({}),
  () => null,
];

export interface Faults {
  /** Of the nth response since the start. */
  ofResponse(n: number): ResponseFault | null;
  ofObservation(coinSeed: number, step: number): ObservationFault | null;
  corruption(coinSeed: number, step: number): (typeof CORRUPTIONS)[number];
}

export function createFaults(seed: number, rates: FaultRates): Faults {
  const own = hashText(seed, 'faults');
  return {
    ofResponse: (n) => pick(RESPONSE_FAULTS, rates, fraction(hash(own, n))),
    ofObservation: (coinSeed, step) => pick(OBSERVATION_FAULTS, rates, fraction(hash(own, coinSeed, step))),
    corruption: (coinSeed, step) => CORRUPTIONS[hash(own, coinSeed, step, 1) % CORRUPTIONS.length] as (typeof CORRUPTIONS)[number],
  };
}

function pick<Kind extends keyof FaultRates>(kinds: readonly Kind[], rates: FaultRates, lot: number): Kind | null {
  let upTo = 0;
  for (const kind of kinds) {
    upTo += rates[kind] ?? 0;
    if (lot < upTo) return kind;
  }
  return null;
}
