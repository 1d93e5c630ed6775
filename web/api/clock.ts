/**
 * The present by the platform's clock, for the reader's may be wrong: every answer over HTTP says in its Date what time it is there.
 * Must stay true: an age is the platform's present less an instant of the platform; a wrong clock of the reader ages nothing.
 */

/** The header has whole seconds, and travels: a smaller difference is none. */
const NOISE_MS = 5_000;

let skewMs = 0;
const readers = new Set<() => void>();

/** Told when the reader's clock was found out to be wrong, or right again. */
export function onCorrection(reader: () => void): void {
  readers.add(reader);
}

/** Milliseconds since 1970, as Date.now gives them. */
export function now(): number {
  return Date.now() + skewMs;
}

/** As fetch, and takes the time from the answer; one that was long on its way says nothing of the present. */
export const timedFetch: typeof fetch = async (resource, options) => {
  const askedAt = Date.now();
  const response = await fetch(resource, options);
  const answeredAt = Date.now();
  const there = Date.parse(response.headers.get('date') ?? '');
  if (Number.isFinite(there) && answeredAt - askedAt < NOISE_MS) {
    const difference = there - answeredAt;
    const before = skewMs;
    skewMs = Math.abs(difference) < NOISE_MS ? 0 : difference;
    if (Math.abs(skewMs - before) > NOISE_MS) for (const reader of readers) reader();
  }
  return response;
};
