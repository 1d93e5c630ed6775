/** A list of things that were put aside: picked one by one, sent through again or put away together. */
import { useState } from 'react';
import { useChange } from '../../api/client.js';
import type { Operation } from '../../api/operation.js';
import { formatMinute, plural } from '../../format/figures.js';
import { Empty, Problem, Skeleton } from '../../ui/states.js';

export interface Failure {
  id: string;
  place: string;
  note: string | null;
  at: string;
  reason: string;
  payload: string;
  redrivenAt: string | null;
}

type Action = Operation<{ done: number }, { ids: string[] }>;

interface FailureListProps {
  title: string;
  note: string;
  /** What an empty list means. */
  none: string;
  actions: { redrive: Action; discard: Action };
  failures: Failure[] | undefined;
  more: boolean;
  problem: string | null;
  refresh(): void;
}

export function FailureList({ title, note, none, actions, failures, more, problem, refresh }: FailureListProps) {
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const pick = (id: string, on: boolean) =>
    setPicked((before) => new Set(on ? [...before, id] : [...before].filter((each) => each !== id)));
  const settled = () => {
    setPicked(new Set());
    refresh();
  };
  return (
    <section className="panel" aria-label={title}>
      <div className="panel-head">
        <h2>
          {title} <span className="muted small heading-note">{note}</span>
        </h2>
        {failures !== undefined && failures.length > 0 && <Actions picked={picked} actions={actions} onSettled={settled} />}
      </div>
      {failures === undefined && problem !== null && <Problem what={`${title} cannot be shown`} problem={problem} retry={refresh} />}
      {failures === undefined && problem === null && (
        <p className="run-waiting">
          <Skeleton width="60%" />
        </p>
      )}
      {failures?.length === 0 && <Empty title={`No ${title.toLowerCase()}`}>{none}</Empty>}
      <ul>
        {failures?.map((failure) => (
          <FailureItem key={failure.id} failure={failure} picked={picked.has(failure.id)} onPick={(on) => pick(failure.id, on)} />
        ))}
      </ul>
      {more && <p className="muted small panel-note">There are older ones: they are listed when these are dealt with.</p>}
    </section>
  );
}

function Actions({ picked, actions, onSettled }: { picked: ReadonlySet<string>; actions: FailureListProps['actions']; onSettled(): void }) {
  const [redrive, redriving] = useChange(actions.redrive);
  const [discard, discarding] = useChange(actions.discard);
  const [outcome, setOutcome] = useState<string | null>(null);
  const act = async (change: typeof redrive, words: string) => {
    const answer = await change({ ids: [...picked] });
    setOutcome('problem' in answer ? answer.problem : `${plural(answer.data.done, 'record')} ${words}`);
    onSettled();
  };
  const confirmDiscard = () => {
    if (confirm(`Put ${plural(picked.size, 'record')} away for good?`)) void act(discard, 'put away');
  };
  const idle = picked.size === 0 || redriving || discarding;
  return (
    <span className="row-actions">
      <span className="muted small" role="status">
        {outcome ?? (picked.size > 0 ? `${picked.size} picked` : '')}
      </span>
      <button type="button" className="button danger" disabled={idle} onClick={confirmDiscard}>
        Put away
      </button>
      <button type="button" className="button primary" disabled={idle} onClick={() => act(redrive, 'appended to the log anew')}>
        Send again
      </button>
    </span>
  );
}

function FailureItem({ failure, picked, onPick }: { failure: Failure; picked: boolean; onPick(on: boolean): void }) {
  const { place, note, at, reason, payload, redrivenAt } = failure;
  return (
    <li className="failure">
      <label className="check">
        <input type="checkbox" checked={picked} disabled={redrivenAt !== null} onChange={(event) => onPick(event.target.checked)} />
        <span className="mono">{place}</span>
      </label>
      <span className="muted small">
        {formatMinute(at)}
        {note !== null && ` · ${note}`}
        {redrivenAt !== null && ` · sent again ${formatMinute(redrivenAt)}`}
      </span>
      <p>{reason}</p>
      <details>
        <summary className="muted small">As received</summary>
        <pre className="payload">{payload}</pre>
      </details>
    </li>
  );
}
