/**
 * Time as the platform counts it: instants in UTC at millisecond grain; a bucket, and a day, is (start, end],
 * so that an observation exactly on a boundary closes the bucket before it.
 */

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

declare const utcDate: unique symbol;
/** A UTC calendar date, YYYY-MM-DD. */
export type UtcDate = string & { readonly [utcDate]: true };

export type CandleInterval = '1m' | '5m' | '1h' | '1d';
/** How far apart the points of a price series are: a live tick, or a history point of that spacing. Finest first. */
export type PriceGrain = 'tick' | '5m' | '1h' | '1d';
/** How far apart the points of a source's history are. */
export type HistoryGrain = Exclude<PriceGrain, 'tick'>;
export const CANDLE_INTERVALS: Record<CandleInterval, number> = { '1m': MINUTE, '5m': 5 * MINUTE, '1h': HOUR, '1d': DAY };

export interface Clock {
  now(): Date;
}
export const systemClock: Clock = { now: () => new Date() };

/** Start of the bucket (start, start + interval] that holds the instant. */
export function bucketStart(instant: Date, interval: CandleInterval): Date {
  const width = CANDLE_INTERVALS[interval];
  return new Date(Math.floor((instant.getTime() - 1) / width) * width);
}

/** The day (00:00, 24:00] that holds the instant: midnight belongs to the day that it ends. */
export function dayOf(instant: Date): UtcDate {
  return toUtcDate(new Date(instant.getTime() - 1));
}

/** The calendar date of an instant, midnight being the new day's. */
export function toUtcDate(instant: Date): UtcDate {
  return instant.toISOString().slice(0, 10) as UtcDate;
}

export function startOfDay(day: UtcDate): Date {
  return new Date(`${day}T00:00:00.000Z`);
}

export function endOfDay(day: UtcDate): Date {
  return new Date(startOfDay(day).getTime() + DAY);
}

export function addDays(day: UtcDate, count: number): UtcDate {
  return toUtcDate(new Date(startOfDay(day).getTime() + count * DAY));
}

/** Null unless the text is an existing calendar date written YYYY-MM-DD. */
export function parseUtcDate(text: string): UtcDate | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const instant = new Date(`${text}T00:00:00.000Z`);
  return Number.isNaN(instant.getTime()) || toUtcDate(instant) !== text ? null : (text as UtcDate);
}
