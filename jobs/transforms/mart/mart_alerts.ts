/** What was said at the time: a record of the stream's, not derived, so neither rebuilt nor restated. */
import { referential } from '../../checks/referential.js';
import type { OwnWriter } from '../transform.js';

const key = ['alert_id'];

export const martAlerts: OwnWriter = {
  name: 'mart.mart_alerts',
  grain: 'one alert',
  key,
  reads: ['staging.stg_prices'],
  mode: 'stream',
  clockColumns: ['triggered_at'],
  sql: [],
  checks: [referential(key, 'ops.alert_rules', { id: 't.rule_id' })],
};
