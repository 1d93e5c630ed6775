/** What failed at the door, for the key's holder: rejected rows with the reason, dead letters that can be sent again. */
import { useState } from 'react';
import { useAnswer, useChange } from '../../api/client.js';
import { DEAD_LETTERS, type DeadLetter, REDRIVE, REJECTED_ROWS, type RejectedRow } from '../../api/operations/pipelines.js';
import { useOperatorKey } from '../../api/operator-key.js';
import { askForKey } from '../../app/shell/key-dialog.js';
import { formatMinute, plural } from '../../format/figures.js';
import { Empty, Problem, Skeleton } from '../../ui/states.js';

const PAGE = { after: null };
const ASK_AGAIN_MS = 5_000;

export function Failures() {
  const key = useOperatorKey();
  if (key === null) {
    return (
      <section className="panel">
        <div className="state">
          <strong>For the operator alone</strong>
          <p>Rejected rows and dead letters hold what was received, as it was received.</p>
          <button type="button" className="button primary" onClick={askForKey}>
            Give the key
          </button>
        </div>
      </section>
    );
  }
  return (
    <>
      <DeadLetters />
      <RejectedRows />
    </>
  );
}

function DeadLetters() {
  const { data, problem, refresh } = useAnswer(DEAD_LETTERS, PAGE, { everyMs: ASK_AGAIN_MS });
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [redrive, redriving] = useChange(REDRIVE);
  const [outcome, setOutcome] = useState<string | null>(null);
  const letters = data?.deadLetters.nodes;
  const pick = (id: string, on: boolean) =>
    setPicked((before) => new Set(on ? [...before, id] : [...before].filter((each) => each !== id)));
  const submit = async () => {
    const answer = await redrive({ ids: [...picked] });
    setOutcome('problem' in answer ? answer.problem : `${plural(answer.data.redriveDeadLetters, 'record')} appended to the log anew`);
    setPicked(new Set());
    refresh();
  };
  return (
    <section className="panel" aria-label="Dead letters">
      <div className="panel-head">
        <h2>Dead letters</h2>
        {outcome !== null && (
          <span className="muted small" role="status">
            {outcome}
          </span>
        )}
        <button type="button" className="button primary" disabled={picked.size === 0 || redriving} onClick={submit}>
          Send {picked.size > 0 ? plural(picked.size, 'record') : ''} again
        </button>
      </div>
      {letters === undefined ? (
        <Waiting problem={problem} what="The dead letters cannot be shown" retry={refresh} />
      ) : letters.length === 0 ? (
        <Empty title="No dead letters">Every record of the log could be read.</Empty>
      ) : (
        <ul>
          {letters.map((letter) => (
            <Letter key={letter.id} letter={letter} picked={picked.has(letter.id)} onPick={(on) => pick(letter.id, on)} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Letter({ letter, picked, onPick }: { letter: DeadLetter; picked: boolean; onPick(on: boolean): void }) {
  const { topic, partition, offset, reason, payload, attempts, storedAt, redrivenAt } = letter;
  const place = `${topic}/${partition} at ${offset}`;
  return (
    <li className="failure">
      <label className="check">
        <input type="checkbox" checked={picked} disabled={redrivenAt !== null} onChange={(event) => onPick(event.target.checked)} />
        <span className="mono">{place}</span>
      </label>
      <span className="muted small">
        {formatMinute(storedAt)} · {plural(attempts, 'try', 'tries')}
        {redrivenAt !== null && ` · sent again ${formatMinute(redrivenAt)}`}
      </span>
      <p>{reason}</p>
      <Payload text={payload} />
    </li>
  );
}

function RejectedRows() {
  const { data, problem, refresh } = useAnswer(REJECTED_ROWS, PAGE, { everyMs: ASK_AGAIN_MS });
  const rows = data?.rejectedRows.nodes;
  return (
    <section className="panel" aria-label="Rejected rows">
      <div className="panel-head">
        <h2>Rejected rows</h2>
        <span className="muted small">The good rows around them went in</span>
      </div>
      {rows === undefined ? (
        <Waiting problem={problem} what="The rejected rows cannot be shown" retry={refresh} />
      ) : rows.length === 0 ? (
        <Empty title="No rejected rows">Every row that came was let in.</Empty>
      ) : (
        <ul>
          {rows.map((row) => (
            <Row key={row.id} row={row} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Row({ row: { dataset, coinId, origin, position, reason, payload, rejectedAt } }: { row: RejectedRow }) {
  return (
    <li className="failure">
      <span className="mono">
        {dataset} from {origin} at {position}
      </span>
      <span className="muted small">
        {formatMinute(rejectedAt)}
        {coinId !== null && ` · ${coinId}`}
      </span>
      <p>{reason}</p>
      <Payload text={payload} />
    </li>
  );
}

function Payload({ text }: { text: string }) {
  return (
    <details>
      <summary className="muted small">As received</summary>
      <pre className="payload">{text}</pre>
    </details>
  );
}

function Waiting({ what, problem, retry }: { what: string; problem: string | null; retry(): void }) {
  if (problem !== null) return <Problem what={what} problem={problem} retry={retry} />;
  return (
    <p className="run-waiting">
      <Skeleton width="60%" />
    </p>
  );
}
