/** What failed validation, for the key's holder: dead letters and rejected rows with the reason, to be sent through again or put away. */
import { useState } from 'react';
import { useAnswer } from '../../api/client.js';
import {
  DEAD_LETTERS,
  DISCARD_DEAD_LETTERS,
  DISCARD_REJECTED_ROWS,
  REDRIVE_DEAD_LETTERS,
  REDRIVE_REJECTED_ROWS,
  REJECTED_ROWS,
} from '../../api/operations/pipelines.js';
import { useOperatorKey } from '../../api/operator-key.js';
import { plural } from '../../format/figures.js';
import { askForKey } from '../../ui/key-dialog.js';
import { FailureList, type Which } from './failure-list.js';

const ASK_AGAIN_MS = 5_000;

export function Failures() {
  const key = useOperatorKey();
  if (key !== null) {
    return (
      <>
        <DeadLetters />
        <RejectedRows />
      </>
    );
  }
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

/** The newest page; older ones that wait come to light as those are dealt with. */
const ASKED: Record<Which, { pending: boolean }> = { waiting: { pending: true }, all: { pending: false } };

const LETTER_ACTIONS = { redrive: REDRIVE_DEAD_LETTERS, discard: DISCARD_DEAD_LETTERS };
const ROW_ACTIONS = { redrive: REDRIVE_REJECTED_ROWS, discard: DISCARD_REJECTED_ROWS };

function DeadLetters() {
  const [which, setWhich] = useState<Which>('waiting');
  const answer = useAnswer(DEAD_LETTERS, ASKED[which], { everyMs: ASK_AGAIN_MS });
  return (
    <FailureList
      title="Dead letters"
      note="Records of the log that could not be read, or failed again and again"
      none="Every record of the log could be read, or was dealt with."
      which={which}
      onWhich={setWhich}
      actions={LETTER_ACTIONS}
      problem={answer.problem}
      refresh={answer.refresh}
      more={answer.data?.deadLetters.pageInfo.hasNextPage ?? false}
      failures={answer.data?.deadLetters.nodes.map(({ id, topic, partition, offset, reason, payload, attempts, storedAt, redrivenAt }) => ({
        id,
        place: `${topic}/${partition} at ${offset}`,
        note: plural(attempts, 'try', 'tries'),
        at: storedAt,
        reason,
        payload,
        redrivenAt,
      }))}
    />
  );
}

function RejectedRows() {
  const [which, setWhich] = useState<Which>('waiting');
  const answer = useAnswer(REJECTED_ROWS, ASKED[which], { everyMs: ASK_AGAIN_MS });
  return (
    <FailureList
      title="Rejected rows"
      note="The good rows around them went in"
      none="Every row that came was let in, or was dealt with."
      which={which}
      onWhich={setWhich}
      actions={ROW_ACTIONS}
      problem={answer.problem}
      refresh={answer.refresh}
      more={answer.data?.rejectedRows.pageInfo.hasNextPage ?? false}
      failures={answer.data?.rejectedRows.nodes.map(
        ({ id, dataset, coinId, origin, position, reason, payload, rejectedAt, redrivenAt }) => ({
          id,
          place: `${dataset} from ${origin} at ${position}`,
          note: coinId,
          at: rejectedAt,
          reason,
          payload,
          redrivenAt,
        }),
      )}
    />
  );
}
