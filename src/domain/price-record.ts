/**
 * A price observation on the log: JSON, decimals as strings, the source's own JSON carried as a string so that no digit is touched.
 * What cannot be read as a record at all is corrupt (a dead letter); a record with a bad field is readable and refused with the reason.
 */
import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { type Decimal, isPositive, parseDecimal } from './decimal.js';
import type { PriceObservation } from './prices.js';

export const RECORD_VERSION = 1;

export function encodePriceRecord(price: PriceObservation): Buffer {
  return Buffer.from(
    JSON.stringify({
      v: RECORD_VERSION,
      source: price.source,
      coinId: price.coinId,
      priceUsd: price.priceUsd,
      observedAt: price.observedAt.toISOString(),
      receivedAt: price.receivedAt.toISOString(),
      payload: price.payload,
    }),
  );
}

export type ParsedPriceRecord =
  | { kind: 'price'; price: PriceObservation; text: string }
  | {
      kind: 'refused';
      reason: string;
      coinId: string | null;
      source: string | null;
      text: string;
    }
  | { kind: 'corrupt'; reason: string };

const instant = z.iso.datetime().transform((text) => new Date(text));
/** Text that Postgres can hold: no NUL, no half of a surrogate pair. */
const storable = (text: string) => text.isWellFormed() && !text.includes('\0');
const name = z.string().min(1).max(200).refine(storable, 'holds characters that cannot be stored');
const record = z.object({
  source: name,
  coinId: name,
  priceUsd: z.string().transform((text, context): Decimal => {
    const value = parseDecimal(text);
    if (value !== null && isPositive(value)) return value;
    context.addIssue({ code: 'custom', message: 'is not a positive decimal' });
    return z.NEVER;
  }),
  observedAt: instant,
  receivedAt: instant,
  payload: z.string().max(100_000).refine(isStorableJson, 'is not JSON that can be stored'),
});

/** Nearly every record: what `record` would make of it, for less time and fewer objects. Null: `record` has to look. */
function readPlain(json: Record<string, unknown>): PriceObservation | null {
  const { source, coinId, priceUsd, payload } = json;
  if (!isName(source) || !isName(coinId) || typeof priceUsd !== 'string' || typeof payload !== 'string') return null;
  const price = parseDecimal(priceUsd);
  const [observedAt, receivedAt] = [readInstant(json.observedAt), readInstant(json.receivedAt)];
  if (price === null || !isPositive(price) || observedAt === null || receivedAt === null) return null;
  if (payload.length > 100_000 || !isStorableJson(payload)) return null;
  return { source, coinId, priceUsd: price, observedAt, receivedAt, payload };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= 200 && storable(value);
}

/** As encodePriceRecord writes it. */
function readInstant(text: unknown): Date | null {
  if (typeof text !== 'string' || text.length !== 24) return null;
  const instant = new Date(text);
  return !Number.isNaN(instant.getTime()) && instant.toISOString() === text ? instant : null;
}

export function parsePriceRecord(value: Buffer): ParsedPriceRecord {
  let text: string;
  let json: unknown;
  try {
    if (!isUtf8(value)) throw new TypeError('the bytes are no text');
    text = value.toString();
    json = JSON.parse(text);
  } catch (error) {
    return {
      kind: 'corrupt',
      reason: `not JSON in UTF-8: ${(error as Error).message}`,
    };
  }
  if (typeof json !== 'object' || json === null || (json as { v?: unknown }).v !== RECORD_VERSION) {
    return {
      kind: 'corrupt',
      reason: `not a price record of version ${RECORD_VERSION}`,
    };
  }
  const plain = readPlain(json as Record<string, unknown>);
  if (plain !== null) return { kind: 'price', price: plain, text };
  const parsed = record.safeParse(json);
  if (parsed.success) return { kind: 'price', price: parsed.data, text };
  const { coinId, source } = json as Record<string, unknown>;
  const known = (field: unknown) => (typeof field === 'string' && storable(field) ? field.slice(0, 200) : null);
  return {
    kind: 'refused',
    reason: badShape(parsed.error),
    coinId: known(coinId),
    source: known(source),
    text,
  };
}

function badShape(error: z.ZodError): string {
  return `bad shape: ${error.issues.map((issue) => `${issue.path.join('.') || 'record'} ${issue.message}`).join('; ')}`.slice(0, 500);
}

/** jsonb refuses what JSON allows: \u0000 and lone surrogates, in a key or a value. */
function isStorableJson(text: string): boolean {
  let clean = storable(text);
  try {
    if (!text.includes('\\u')) JSON.parse(text);
    else
      JSON.parse(text, (key, value) => {
        clean &&= storable(key) && (typeof value !== 'string' || storable(value));
        return value;
      });
    return clean;
  } catch {
    return false;
  }
}
