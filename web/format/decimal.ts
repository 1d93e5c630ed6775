/**
 * Exact decimals as the API writes them ("0.000012345"): rounded, grouped, compared and shortened digit by digit.
 * Must stay true: no number passes through a float on its way to the screen; `toPlot` alone makes one, for pixels.
 */

/** Plain digits: an optional sign, no exponent, no grouping. */
export type Decimal = string;

interface Parts {
  negative: boolean;
  whole: string;
  fraction: string;
}

const PLAIN = /^(-?)(\d+)(?:\.(\d+))?$/;

/** @throws TypeError where the text is no plain decimal. */
function parse(value: Decimal): Parts {
  const match = PLAIN.exec(value);
  if (match === null) throw new TypeError(`"${value}" is no plain decimal`);
  const whole = (match[2] as string).replace(/^0+(?=\d)/, '');
  return { negative: match[1] === '-' && /[1-9]/.test(value), whole, fraction: match[3] ?? '' };
}

/** Commas that part thousands; any other may stand for the point, as it does in half of the world. */
const GROUPED = /^[-+]?\d{1,3}(,\d{3})+(\.\d*)?$/;

/** What a person typed, as the API takes it: "1,000.50" and " .5 " too. Null where it is no decimal, or might be two: "0,5". */
export function parseTyped(text: string): Decimal | null {
  const typed = text.replaceAll(/[\s_]/g, '');
  const plain = (GROUPED.test(typed) ? typed.replaceAll(',', '') : typed).replace(/^\+/, '').replace(/^(-?)\./, '$10.');
  const digits = plain.endsWith('.') ? plain.slice(0, -1) : plain;
  return PLAIN.test(digits) ? digits : null;
}

/** To so many places after the point, halves away from zero. */
export function round(value: Decimal, places: number): Decimal {
  const { negative, whole, fraction } = parse(value);
  const kept = fraction.slice(0, places).padEnd(places, '0');
  const up = Number(fraction[places] ?? '0') >= 5 ? 1n : 0n;
  const digits = String(BigInt(whole + kept) + up).padStart(places + 1, '0');
  const sign = negative && /[1-9]/.test(digits) ? '-' : '';
  return places === 0 ? sign + digits : `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** Thousands in groups: "1234567.8" is "1,234,567.8". */
export function group(value: Decimal): string {
  const [whole = '', fraction] = value.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Below zero, zero, above: as Array.sort wants it. */
export function compare(a: Decimal, b: Decimal): number {
  const places = Math.max(parse(a).fraction.length, parse(b).fraction.length);
  const difference = scaled(a, places) - scaled(b, places);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function scaled(value: Decimal, places: number): bigint {
  const { negative, whole, fraction } = parse(value);
  const digits = BigInt(whole + fraction.padEnd(places, '0'));
  return negative ? -digits : digits;
}

/** Power of ten of the first digit that is not zero: 2 for 104.5, -3 for 0.0012. Null for zero. */
function magnitude({ whole, fraction }: Parts): number | null {
  if (whole !== '0') return whole.length - 1;
  const first = fraction.search(/[1-9]/);
  return first === -1 ? null : -first - 1;
}

/** A price: two places from 10 on, four from 1 on, four digits that say something below. */
export function formatPrice(value: Decimal): string {
  const size = magnitude(parse(value)) ?? 1;
  const places = size >= 1 ? 2 : size === 0 ? 4 : 3 - size;
  return withSign(group(round(value, places)));
}

/** Every digit, grouped: what a price is exactly. */
export function formatExact(value: Decimal): string {
  return withSign(group(value));
}

function withSign(text: string): string {
  return text.startsWith('-') ? `-$${text.slice(1)}` : `$${text}`;
}

const UNITS = [
  { power: 12, word: 'T' },
  { power: 9, word: 'B' },
  { power: 6, word: 'M' },
  { power: 3, word: 'K' },
] as const;

/** Three digits and a unit: "3.21T", "45.6M", "812". */
export function formatCompact(value: Decimal): string {
  const size = magnitude(parse(value)) ?? 0;
  const unit = UNITS.find(({ power }) => size >= power);
  const power = unit?.power ?? 0;
  const rounded = round(shiftLeft(value, power), size < 0 ? 4 : Math.max(0, 2 - (size - power)));
  // 999.9 million rounds to the next unit's 1.
  if ((magnitude(parse(rounded)) ?? 0) === 3 && power < 12) return formatCompact(shiftLeft(rounded, -power));
  return group(rounded) + (unit?.word ?? '');
}

export function formatCompactUsd(value: Decimal): string {
  return withSign(formatCompact(value));
}

/** Divided by a power of ten; times one where that is negative. */
function shiftLeft(value: Decimal, places: number): Decimal {
  const { negative, whole, fraction } = parse(value);
  const digits = places < 0 ? whole + fraction.padEnd(-places, '0') : whole.padStart(places + 1, '0') + fraction;
  const point = places < 0 ? whole.length - places : digits.length - fraction.length - places;
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`.replace(/\.$/, '');
}

/** A float near the value, for where on the screen it is drawn; never for what is written there. */
export function toPlot(value: Decimal): number {
  return Number(value);
}
