/** /simple/price: {"bitcoin":{"usd":64512.1,"last_updated_at":1711983682},…}. Ids that it does not know are missing; {} is a coin without a price. */
import { z } from 'zod';
import type { PriceObservation } from '../../../src/domain/prices.js';
import { SECOND } from '../../../src/domain/time.js';
import { epochField, priceField, rejection, unexpectedShape, validate } from '../fields.js';
import type { RejectedRow } from '../source.js';
import type { ApiResponse } from './client.js';

export const SIMPLE_PRICE = '/simple/price';

const Entry = z.object({ usd: priceField, last_updated_at: epochField(SECOND) }, 'is not an object');

export function simplePriceQuery(ids: string): Record<string, string> {
  return { ids, vs_currencies: 'usd', include_last_updated_at: 'true', precision: 'full' };
}

export function readSimplePrice(
  response: ApiResponse,
  asked: ReadonlySet<string>,
  source: { name: string; label: string },
): { rows: PriceObservation[]; rejected: RejectedRow[] } {
  const { body, receivedAt } = response;
  if (typeof body !== 'object' || body === null || Array.isArray(body) || JSON.isRawJSON(body)) {
    throw unexpectedShape(source.label, SIMPLE_PRICE, 'an object of coins', body);
  }
  const rows: PriceObservation[] = [];
  const rejected: RejectedRow[] = [];
  for (const [coinId, entry] of Object.entries(body)) {
    const validated = asked.has(coinId)
      ? validate(Entry, entry, coinId)
      : { rejected: rejection(entry, coinId, 'the coin was not asked for') };
    if ('rejected' in validated) {
      rejected.push(validated.rejected);
      continue;
    }
    const { usd: priceUsd, last_updated_at: observedAt } = validated.accepted;
    rows.push({ source: source.name, coinId, priceUsd, observedAt, receivedAt, payload: JSON.stringify(entry) });
  }
  return { rows, rejected };
}
