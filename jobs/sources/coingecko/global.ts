/** /global: {"data":{"total_market_cap":{"usd":…},"total_volume":{"usd":…},"market_cap_percentage":{"btc":…,"eth":…},"updated_at":…}}. */
import { z } from 'zod';
import { SECOND } from '../../../src/domain/time.js';
import { amountField, epochField, shareField } from '../fields.js';
import { whyUnstorable } from '../lossless-json.js';
import { type GlobalSnapshot, SourceError } from '../source.js';
import type { ApiResponse } from './client.js';

export const GLOBAL = '/global';

const inUsd = z.object({ usd: amountField }).nullish();
const Body = z.object({
  data: z.object({
    total_market_cap: inUsd,
    total_volume: inUsd,
    market_cap_percentage: z.object({ btc: shareField, eth: shareField }).nullish(),
    updated_at: epochField(SECOND).nullish(),
  }),
});

export function readGlobal({ body, fetchedAt, receivedAt }: ApiResponse, label: string): GlobalSnapshot {
  const parsed = Body.safeParse(body);
  const problem =
    whyUnstorable(body) ??
    (parsed.success ? null : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; '));
  if (!parsed.success || problem !== null) {
    const message = `${label} ${GLOBAL}: the answer cannot be used (${problem}). It is tried again later; if it stays, the API has changed.`;
    throw new SourceError(message, { kind: 'malformed', endpoint: GLOBAL, cause: parsed.error });
  }
  const { total_market_cap, total_volume, market_cap_percentage, updated_at } = parsed.data.data;
  return {
    fetchedAt,
    receivedAt,
    marketCapUsd: total_market_cap?.usd ?? null,
    volume24hUsd: total_volume?.usd ?? null,
    bitcoinDominancePct: market_cap_percentage?.btc ?? null,
    ethereumDominancePct: market_cap_percentage?.eth ?? null,
    sourceUpdatedAt: updated_at ?? null,
    payload: JSON.stringify(body),
  };
}
