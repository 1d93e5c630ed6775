/** The pipelines, what each does, and a button that asks a worker for a run. */
import { useState } from 'react';
import { useChange } from '../../api/client.js';
import { type Pipeline, RUN_PIPELINE } from '../../api/operations/pipelines.js';
import { useOperatorKey } from '../../api/operator-key.js';
import { askForKey } from '../../ui/key-dialog.js';
import { Problem, Skeleton } from '../../ui/states.js';

interface RunNowProps {
  pipelines: Pipeline[] | undefined;
  problem: string | null;
  onRetry(): void;
  onAsked(): void;
}

export function RunNow({ pipelines, problem, onRetry, onAsked }: RunNowProps) {
  return (
    <section className="panel" aria-label="Pipelines">
      <div className="panel-head">
        <h2>Pipelines</h2>
        <span className="muted small">They run by themselves; a run asked for by hand is the same run.</span>
      </div>
      <ul className="pipelines">
        {pipelines === undefined && problem !== null ? (
          <li>
            <Problem what="The pipelines cannot be shown" problem={problem} retry={onRetry} />
          </li>
        ) : pipelines === undefined ? (
          <li>
            <Skeleton width="50%" />
          </li>
        ) : (
          pipelines.map((pipeline) => <PipelineRow key={pipeline.name} pipeline={pipeline} onAsked={onAsked} />)
        )}
      </ul>
    </section>
  );
}

function PipelineRow({ pipeline: { name, dated, does }, onAsked }: { pipeline: Pipeline; onAsked(): void }) {
  const key = useOperatorKey();
  const [run, asking] = useChange(RUN_PIPELINE);
  const [day, setDay] = useState('');
  const [answer, setAnswer] = useState<{ problem: string } | { asked: string } | null>(null);
  const ask = async () => {
    if (key === null) return askForKey();
    const given = await run({ pipeline: name, logicalDate: day || null });
    if ('problem' in given) return setAnswer(given);
    setAnswer({ asked: `Run ${given.data.runPipeline.id} is asked for` });
    onAsked();
  };
  return (
    <li data-pipeline={name}>
      <span>
        <strong>{name}</strong>
        <span className="muted"> {does}.</span>
      </span>
      {answer !== null && (
        <span className={`small ${'problem' in answer ? 'down' : 'up'}`} role="status">
          {'problem' in answer ? answer.problem : answer.asked}
        </span>
      )}
      {dated && key !== null && (
        <label className="day-label" title="The newest day that has ended, if left empty">
          <span className="muted small">
            Day <span className="visually-hidden">to describe; the newest that has ended if left empty</span>
          </span>
          <input className="input day" type="date" value={day} onChange={(event) => setDay(event.target.value)} />
        </label>
      )}
      <button type="button" className="button" disabled={asking} onClick={ask}>
        Run now
      </button>
    </li>
  );
}
