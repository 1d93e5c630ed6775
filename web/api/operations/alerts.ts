/** Alerts and the rules that fire them. */
import { operation } from '../operation.js';
import type { PageInfo } from './market.js';

export type AlertKind = 'PRICE_ABOVE' | 'PRICE_BELOW' | 'PCT_RISE' | 'PCT_FALL';
export type AlertSeverity = 'INFO' | 'WARNING' | 'CRITICAL';
export type AlertStatus = 'FIRING' | 'ACKNOWLEDGED' | 'RESOLVED' | 'SUPPRESSED';

export interface AlertFields {
  id: string;
  kind: AlertKind;
  severity: AlertSeverity;
  status: AlertStatus;
  threshold: string;
  observed: string;
  observedAt: string;
  triggeredAt: string;
  late: boolean;
  message: string;
  coin: { id: string; symbol: string; name: string };
  rule: { id: string; name: string } | null;
}

export const ALERT_FIELDS =
  'id kind severity status threshold observed observedAt triggeredAt late message coin { id symbol name } rule { id name }';

export interface AlertFilter {
  coinIds?: string[];
  ruleId?: string;
  status?: AlertStatus;
  minSeverity?: AlertSeverity;
  sent?: boolean;
}

export const ALERTS = operation<
  { alerts: { nodes: AlertFields[]; pageInfo: PageInfo } },
  { first: number; after: string | null; filter: AlertFilter }
>(`
  query Alerts($first: Int!, $after: String, $filter: AlertFilter) {
    alerts(first: $first, after: $after, filter: $filter) {
      nodes { ${ALERT_FIELDS} }
      pageInfo { hasNextPage endCursor }
    }
  }`);

export interface AlertRule {
  id: string;
  name: string;
  kind: AlertKind;
  coin: { id: string; symbol: string; name: string } | null;
  threshold: string;
  windowMinutes: number | null;
  severity: AlertSeverity;
  cooldownSeconds: number;
  enabled: boolean;
}

const RULE_FIELDS = 'id name kind coin { id symbol name } threshold windowMinutes severity cooldownSeconds enabled';

export const ALERT_RULES = operation<{ alertRules: AlertRule[] }>(`query AlertRules { alertRules { ${RULE_FIELDS} } }`);

export interface NewRule {
  name: string;
  kind: AlertKind;
  coinId: string | null;
  threshold: string;
  windowMinutes: number | null;
  severity: AlertSeverity;
  cooldownSeconds: number;
  enabled: boolean;
}

export const CREATE_RULE = operation<{ createAlertRule: AlertRule }, { input: NewRule }>(`
  mutation CreateRule($input: CreateAlertRuleInput!) { createAlertRule(input: $input) { ${RULE_FIELDS} } }`);

export type RuleChange = Partial<Pick<NewRule, 'name' | 'threshold' | 'windowMinutes' | 'severity' | 'cooldownSeconds' | 'enabled'>>;

export const UPDATE_RULE = operation<{ updateAlertRule: AlertRule }, { id: string; input: RuleChange }>(`
  mutation UpdateRule($id: ID!, $input: UpdateAlertRuleInput!) { updateAlertRule(id: $id, input: $input) { ${RULE_FIELDS} } }`);

export const DELETE_RULE = operation<{ deleteAlertRule: string }, { id: string }>(`
  mutation DeleteRule($id: ID!) { deleteAlertRule(id: $id) }`);

export const ACKNOWLEDGE = operation<{ acknowledgeAlert: AlertFields }, { id: string }>(`
  mutation Acknowledge($id: ID!) { acknowledgeAlert(id: $id) { ${ALERT_FIELDS} } }`);

export interface CoinName {
  id: string;
  name: string;
}

export const COIN_NAMES = operation<{ coins: { nodes: CoinName[]; pageInfo: PageInfo } }, { after: string | null }>(`
  query CoinNames($after: String) {
    coins(first: 200, after: $after) {
      nodes { id name }
      pageInfo { hasNextPage endCursor }
    }
  }`);
