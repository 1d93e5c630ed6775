/** Ratios, counts and time as text. Ratios are floats in the API; their text is fixed in width so that columns stand still. */

import { now } from '../api/clock.js';

const ABSENT = '–';

const percent = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: 'exceptZero' });
const share = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const ratio = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat('en');

/** A real minus, as wide as the plus. */
function minus(text: string): string {
  return text.replace('-', '−');
}

/** A change: "+1.20%". */
export function formatChange(value: number | null | undefined): string {
  return value == null ? ABSENT : `${minus(percent.format(value))}%`;
}

/** A part of a whole: "54.2%". */
export function formatShare(value: number | null | undefined): string {
  return value == null ? ABSENT : `${share.format(value)}%`;
}

export function formatRatio(value: number | null | undefined): string {
  return value == null ? ABSENT : minus(ratio.format(value));
}

export function formatCount(value: number): string {
  return whole.format(value);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** "14 s", "3 min", "5 h", "2 d". */
export function formatSpan(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1_000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6_000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 180_000) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

const PERIODS = [
  { seconds: 86_400, unit: 'd' },
  { seconds: 3_600, unit: 'h' },
  { seconds: 60, unit: 'min' },
  { seconds: 1, unit: 's' },
] as const;

/** A setting in whole seconds, never rounded, in the largest unit that it is whole in: "100 min", "2 h", "90 s". */
export function formatPeriod(seconds: number): string {
  const whole = PERIODS.find((period) => seconds % period.seconds === 0) ?? PERIODS[3];
  return `${formatCount(seconds / whole.seconds)} ${whole.unit}`;
}

/** How long something took: "240 ms", "1.6 s", "3 min". */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 60_000 ? `${(milliseconds / 1_000).toFixed(1)} s` : formatSpan(milliseconds);
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZone: 'UTC' });
const MINUTE = { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone: 'UTC' } as const;
const minute = new Intl.DateTimeFormat('en-GB', MINUTE);
const minuteOfYear = new Intl.DateTimeFormat('en-GB', { ...MINUTE, year: 'numeric' });
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });

/** "07:16:54", UTC as everything here. */
export function formatClock(instant: string | number): string {
  return clock.format(new Date(instant));
}

/** "25 Nov, 07:16"; of another year than this one "25 Nov 2025, 07:16". */
export function formatMinute(instant: string | number): string {
  const at = new Date(instant);
  return (at.getUTCFullYear() === new Date(now()).getUTCFullYear() ? minute : minuteOfYear).format(at);
}

/** "25 Nov 2026". */
export function formatDate(instant: string | number): string {
  return date.format(new Date(instant));
}

/** "PRICE_ABOVE" as "Price above". */
export function sentence(name: string): string {
  const words = name.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
