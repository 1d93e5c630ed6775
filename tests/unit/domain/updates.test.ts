import { describe, expect, test } from '@jest/globals';
import type { Decimal } from '../../../src/domain/decimal.js';
import { type AlertRecord, decodeAlert, decodePriceUpdate, encodeAlert, encodePriceUpdate } from '../../../src/domain/updates.js';

const AT = new Date('2026-03-10T12:00:00Z');
const place = { sourcePartition: 2, sourcePosition: 2n ** 60n, ordinal: 0 };
const update = {
  ...place,
  coinId: 'bitcoin',
  usd: '65000.1' as Decimal,
  previousUsd: null,
  suspect: false,
  correction: false,
  observedAt: AT,
  source: 'simulator',
};
const alert: AlertRecord = {
  ...place,
  alertId: 'a',
  ruleId: 1n,
  ruleVersion: 1,
  coinId: 'bitcoin',
  kind: 'PRICE_ABOVE',
  severity: 'INFO',
  threshold: '60000' as Decimal,
  windowMinutes: null,
  observed: '65000.1' as Decimal,
  priceUsd: '65000.1' as Decimal,
  source: 'simulator',
  observedAt: AT,
  triggeredAt: AT,
  late: false,
  status: 'FIRING',
  acknowledgedAt: null,
  resolvedAt: null,
  message: 'm',
};
const changed = (text: string, change: object) => JSON.stringify({ ...JSON.parse(text), ...change });

describe('updates and alerts', () => {
  test('come back as they went', () => {
    expect(decodePriceUpdate(encodePriceUpdate(update))).toEqual(update);
    expect(decodeAlert(encodeAlert(alert))).toEqual(alert);
  });

  test.each([
    { ordinal: 1.5 },
    { ordinal: '0' },
    { ordinal: -1 },
    { sourcePartition: 0.5 },
    { sourcePosition: 7 },
    { sourcePosition: 'x' },
    { observedAt: 'yesterday' },
    { observedAt: 5 },
  ])('do not decode with %j', (change) => {
    expect(() => decodePriceUpdate(changed(encodePriceUpdate(update), change))).toThrow();
    expect(() => decodeAlert(changed(encodeAlert(alert), change))).toThrow();
  });

  test('an alert does not decode with an instant that is none', () => {
    for (const field of ['triggeredAt', 'acknowledgedAt', 'resolvedAt'])
      expect(() => decodeAlert(changed(encodeAlert(alert), { [field]: 'soon' }))).toThrow(TypeError);
  });
});
