/** The form of a rule, new or changed. Thresholds stay text from the field to the platform: no digit is lost on the way. */
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useChange } from '../../api/client.js';
import { type AlertKind, type AlertRule, COIN_NAMES, CREATE_RULE, UPDATE_RULE } from '../../api/operations/alerts.js';
import { sentence } from '../../format/figures.js';
import { NO_VARIABLES, useEveryCoin } from '../../live/every-coin.js';
import { isMove, KINDS, SEVERITIES } from './condition.js';
import { readRule } from './rule-form.js';

interface RuleDialogProps {
  /** Null: a new one. */
  rule: AlertRule | null;
  /** Whom a new one is to watch, if that is known. */
  coinId: string | null;
  onClose(): void;
}

export function RuleDialog({ rule, coinId, onClose }: RuleDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [kind, setKind] = useState<AlertKind>(rule?.kind ?? 'PRICE_ABOVE');
  const [problem, setProblem] = useState<string | null>(null);
  const [create, creating] = useChange(CREATE_RULE);
  const [update, updating] = useChange(UPDATE_RULE);
  useEffect(() => dialog.current?.showModal(), []);
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const read = readRule(new FormData(event.currentTarget), kind);
    if ('problem' in read) return setProblem(read.problem);
    const { name, threshold, windowMinutes, severity, cooldownSeconds, enabled } = read;
    const change = { name, threshold, severity, cooldownSeconds, enabled, ...(windowMinutes === null ? {} : { windowMinutes }) };
    const answer = rule === null ? await create({ input: read }) : await update({ id: rule.id, input: change });
    if ('problem' in answer) setProblem(answer.problem);
    else dialog.current?.close();
  }
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="rule-title">
      <form className="dialog-form" onSubmit={submit}>
        <h2 id="rule-title">{rule === null ? 'New rule' : `Change “${rule.name}”`}</h2>
        <label className="field">
          Name
          <input className="input" name="name" required maxLength={100} defaultValue={rule?.name} placeholder="Bitcoin over 100k" />
        </label>
        {rule === null && <Watched coinId={coinId} kind={kind} onKind={setKind} />}
        <Condition rule={rule} kind={kind} />
        <Handling rule={rule} />
        {rule !== null && (
          <p className="muted small">Another threshold or window starts a new version of the rule, and resolves what is open.</p>
        )}
        {problem !== null && (
          <p className="notice" role="alert">
            {problem}
          </p>
        )}
        <div className="dialog-buttons">
          <button type="button" className="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={creating || updating}>
            {rule === null ? 'Create the rule' : 'Save'}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** Of an existing rule neither may change. */
function Watched({ coinId, kind, onKind }: { coinId: string | null; kind: AlertKind; onKind(kind: AlertKind): void }) {
  const { nodes: coins, problem } = useEveryCoin(COIN_NAMES, NO_VARIABLES);
  const [chosen, setChosen] = useState(coinId ?? '');
  // Whatever became of the names: a rule for one coin must not turn into one for all.
  const named = chosen === '' || coins?.some(({ id }) => id === chosen);
  return (
    <div className="field-row">
      <label className="field">
        Coin
        <select className="input" name="coinId" value={chosen} onChange={(event) => setChosen(event.target.value)}>
          <option value="">Every coin</option>
          {!named && <option value={chosen}>{chosen}</option>}
          {coins?.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
        {coins === null && problem !== null && <span className="down">The other coins cannot be shown: {problem}.</span>}
      </label>
      <label className="field">
        Condition
        <select className="input" name="kind" value={kind} onChange={(event) => onKind(event.target.value as AlertKind)}>
          {KINDS.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function Condition({ rule, kind }: { rule: AlertRule | null; kind: AlertKind }) {
  return (
    <div className="field-row">
      <label className="field">
        {isMove(kind) ? 'Threshold, percent' : 'Threshold, USD'}
        <input
          className="input"
          name="threshold"
          required
          inputMode="decimal"
          autoComplete="off"
          defaultValue={rule?.threshold}
          placeholder={isMove(kind) ? '5' : '100000'}
        />
      </label>
      {isMove(kind) && (
        <label className="field">
          Within, minutes
          <input
            className="input"
            name="windowMinutes"
            type="number"
            required
            min={1}
            max={10_080}
            defaultValue={rule?.windowMinutes ?? 60}
          />
        </label>
      )}
    </div>
  );
}

function Handling({ rule }: { rule: AlertRule | null }) {
  return (
    <>
      <div className="field-row">
        <label className="field">
          Severity
          <select className="input" name="severity" defaultValue={rule?.severity ?? 'WARNING'}>
            {SEVERITIES.map((value) => (
              <option key={value} value={value}>
                {sentence(value)}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          Quiet after an alert, seconds
          <input
            className="input"
            name="cooldownSeconds"
            type="number"
            required
            min={0}
            max={2_592_000}
            defaultValue={rule?.cooldownSeconds ?? 300}
          />
        </label>
      </div>
      <label className="check">
        <input type="checkbox" name="enabled" defaultChecked={rule?.enabled ?? true} /> On
      </label>
    </>
  );
}
