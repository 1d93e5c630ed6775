/** A list of things that were put aside: picked one by one or all at once, sent through again or put away together. */
import { useState } from 'react';
import { useChange } from '../../api/client.js';
import type { Operation } from '../../api/operation.js';
import { formatMinute, plural } from '../../format/figures.js';
import { Segments } from '../../ui/controls/segments.js';
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

/** Those that wait for an operator, or those that were sent again too. */
export type Which = 'waiting' | 'all';

type Action = Operation<{ done: number }, { ids: string[] }>;

interface FailureListProps {
  title: string;
  note: string;
  /** What an empty list means. */
  none: string;
  which: Which;
  onWhich(which: Which): void;
  actions: { redrive: Action; discard: Action };
  failures: Failure[] | undefined;
  more: boolean;
  problem: string | null;
  refresh(): void;
}

const WHICH = [
  { value: 'waiting', label: 'Waiting' },
  { value: 'all', label: 'Sent again too' },
] as const;

export function FailureList(props: FailureListProps) {
  const { title, note, none, which, onWhich, actions, failures, more, problem, refresh } = props;
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const pick = (id: string, on: boolean) =>
    setPicked((before) => new Set(on ? [...before, id] : [...before].filter((each) => each !== id)));
  const settled = () => {
    setPicked(new Set());
    refresh();
  };
  const choose = (next: Which) => {
    setPicked(new Set());
    onWhich(next);
  };
  const waiting = failures?.filter(({ redrivenAt }) => redrivenAt === null).map(({ id }) => id) ?? [];
  return (
    <section className="panel" aria-label={title}>
      <div className="panel-head">
        <h2>
          {title} <span className="muted small heading-note">{note}</span>
        </h2>
        <Segments label={`Which ${title.toLowerCase()}`} segments={WHICH} value={which} onChange={choose} />
      </div>
      {failures === undefined && problem !== null && <Problem what={`${title} cannot be shown`} problem={problem} retry={refresh} />}
      {failures === undefined && problem === null && (
        <p className="run-waiting">
          <Skeleton width="60%" />
        </p>
      )}
      <Actions picked={picked} waiting={waiting} actions={actions} onPick={(ids) => setPicked(new Set(ids))} onSettled={settled} />
      {failures?.length === 0 && <Empty title={`No ${title.toLowerCase()}`}>{none}</Empty>}
      <ul>
        {failures?.map((failure) => (
          <FailureItem key={failure.id} failure={failure} picked={picked.has(failure.id)} onPick={(on) => pick(failure.id, on)} />
        ))}
      </ul>
      {more && (
        <p className="muted small panel-note">
          {which === 'waiting' ? 'There are older ones: they are listed when these are dealt with.' : 'These are the newest ones.'}
        </p>
      )}
    </section>
  );
}

interface ActionsProps {
  picked: ReadonlySet<string>;
  /** All that may be picked. */
  waiting: readonly string[];
  actions: FailureListProps['actions'];
  onPick(ids: readonly string[]): void;
  onSettled(): void;
}

/** There while something waits, and while there is an outcome to tell. */
function Actions({ picked, waiting, actions, onPick, onSettled }: ActionsProps) {
  const [redrive, redriving] = useChange(actions.redrive);
  const [discard, discarding] = useChange(actions.discard);
  const [outcome, setOutcome] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const act = async (change: typeof redrive, words: string) => {
    const answer = await change({ ids: [...picked] });
    if ('problem' in answer) return setProblem(answer.problem);
    setProblem(null);
    setOutcome(describeOutcome(answer.data.done, picked.size, words));
    onSettled();
  };
  const confirmDiscard = () => {
    if (confirm(`Put ${plural(picked.size, 'record')} away for good?`)) void act(discard, 'put away');
  };
  if (waiting.length === 0 && outcome === null) return null;
  const idle = picked.size === 0 || redriving || discarding;
  return (
    <div className="failure-actions">
      <label className="check">
        <input
          type="checkbox"
          checked={picked.size > 0 && picked.size === waiting.length}
          disabled={waiting.length === 0}
          onChange={(event) => onPick(event.target.checked ? waiting : [])}
        />
        All
      </label>
      <span className="muted small" role="status">
        {picked.size > 0 ? `${picked.size} picked` : outcome}
      </span>
      {problem !== null && (
        <span className="down small" role="alert">
          {problem}
        </span>
      )}
      <button type="button" className="button danger" disabled={idle} onClick={confirmDiscard}>
        Put away
      </button>
      <button type="button" className="button primary" disabled={idle} onClick={() => act(redrive, 'appended to the log anew')}>
        Send again
      </button>
    </div>
  );
}

function describeOutcome(done: number, asked: number, words: string): string {
  const left = asked - done;
  return `${plural(done, 'record')} ${words}${left === 0 ? '' : `; ${left} left: of a fetch, which brings them again, or dealt with already`}`;
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
