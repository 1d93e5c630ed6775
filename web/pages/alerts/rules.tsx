/** The rules: everybody reads them, the key's holder makes, changes, switches off and deletes them. */
import { type MouseEvent, useEffect, useState } from 'react';
import { useSearch } from 'wouter';
import { useAnswer, useChange } from '../../api/client.js';
import { ALERT_RULES, type AlertRule, DELETE_RULE, UPDATE_RULE } from '../../api/operations/alerts.js';
import { useOperatorKey } from '../../api/operator-key.js';
import { formatPeriod, plural, sentence } from '../../format/figures.js';
import { askForKey } from '../../ui/key-dialog.js';
import { Empty, Problem, SkeletonRows } from '../../ui/states.js';
import { describeCondition } from './condition.js';
import { RuleDialog } from './rule-dialog.js';

const NONE = {};
const RULES = ['AlertRule'];

type Editing = { rule: AlertRule | null; coinId: string | null } | null;

export function Rules() {
  const { data, problem, refresh } = useAnswer(ALERT_RULES, NONE);
  const asked = new URLSearchParams(useSearch()).get('coin');
  const key = useOperatorKey();
  const [editing, setEditing] = useState<Editing>(null);
  // "Watch Bitcoin" on a coin's page leads here: the form opens once it is known who fills it in.
  useEffect(() => {
    if (asked !== null && key !== null) setEditing({ rule: null, coinId: asked });
  }, [asked, key]);
  const rules = data?.alertRules;
  return (
    <section className="panel" aria-label="Rules" tabIndex={-1}>
      <div className="panel-head">
        <h2>{rules === undefined ? 'Rules' : plural(rules.length, 'rule')}</h2>
        {key === null && <span className="muted small">Changing them needs the operator's key.</span>}
        <button
          type="button"
          className="button primary"
          onClick={() => (key === null ? askForKey() : setEditing({ rule: null, coinId: asked }))}
        >
          {key === null ? 'Give the key' : 'New rule'}
        </button>
      </div>
      {rules === undefined && problem !== null ? (
        <Problem what="The rules cannot be shown" problem={problem} retry={refresh} />
      ) : (
        <RuleTable rules={rules} onEdit={key === null ? null : (rule) => setEditing({ rule, coinId: null })} />
      )}
      {editing !== null && (
        <RuleDialog
          rule={editing.rule}
          coinId={editing.coinId}
          onClose={() => {
            setEditing(null);
            refresh();
          }}
        />
      )}
    </section>
  );
}

function RuleTable({ rules, onEdit }: { rules: AlertRule[] | undefined; onEdit: ((rule: AlertRule) => void) | null }) {
  if (rules?.length === 0) return <Empty title="No rules">Without rules nothing fires. The key's holder makes one above.</Empty>;
  return (
    <div className="table-scroll">
      <table className="rule-table">
        <thead>
          <tr>
            <th>Rule</th>
            <th>Condition</th>
            <th>Severity</th>
            <th>Quiet after an alert</th>
            <th>State</th>
            {onEdit !== null && <th className="number">Change</th>}
          </tr>
        </thead>
        <tbody>
          {rules === undefined ? (
            <SkeletonRows rows={4} widths={['8em', '14em', '4em', '4em', '3em', ...(onEdit === null ? [] : ['12em'])]} />
          ) : (
            rules.map((rule) => <RuleRow key={rule.id} rule={rule} onEdit={onEdit} />)
          )}
        </tbody>
      </table>
    </div>
  );
}

function RuleRow({ rule, onEdit }: { rule: AlertRule; onEdit: ((rule: AlertRule) => void) | null }) {
  return (
    <tr className={rule.enabled ? undefined : 'off'}>
      <td>
        <strong>{rule.name}</strong>
      </td>
      <td>{describeCondition(rule)}</td>
      <td>{sentence(rule.severity)}</td>
      <td>{rule.cooldownSeconds === 0 ? 'no time' : formatPeriod(rule.cooldownSeconds)}</td>
      <td>{rule.enabled ? <span className="badge up">On</span> : <span className="badge">Off</span>}</td>
      {onEdit !== null && (
        <td className="number">
          <RuleActions rule={rule} onEdit={onEdit} />
        </td>
      )}
    </tr>
  );
}

function RuleActions({ rule, onEdit }: { rule: AlertRule; onEdit(rule: AlertRule): void }) {
  const [update, updating] = useChange(UPDATE_RULE);
  const [remove, removing] = useChange(DELETE_RULE, RULES);
  const [problem, setProblem] = useState<string | null>(null);
  const act = async (answer: Promise<object>) => {
    const settled = (await answer) as { problem?: string };
    setProblem(settled.problem ?? null);
    return settled.problem === undefined;
  };
  const confirmDelete = async ({ currentTarget }: MouseEvent) => {
    const button = currentTarget;
    const list = button.closest('section');
    if (!confirm(`Delete the rule “${rule.name}”? Alerts that it fired stay.`)) return;
    // A button that is switched off has lost the focus already.
    if ((await act(remove({ id: rule.id }))) && [button, document.body].includes(document.activeElement as HTMLElement)) list?.focus(); // it goes
  };
  return (
    <span className="row-actions">
      {problem !== null && (
        <span className="down small" role="alert">
          {problem}
        </span>
      )}
      <button type="button" className="button" onClick={() => onEdit(rule)}>
        Edit
      </button>
      <button
        type="button"
        className="button"
        disabled={updating}
        onClick={() => act(update({ id: rule.id, input: { enabled: !rule.enabled } }))}
      >
        {rule.enabled ? 'Switch off' : 'Switch on'}
      </button>
      <button type="button" className="button danger" disabled={removing} onClick={confirmDelete}>
        Delete
      </button>
    </span>
  );
}
