/** What ran, runs and waits, newest first; and asking for a run. */
import { useState } from 'react';
import { useAnswer } from '../../api/client.js';
import { PIPELINES, type PipelineRun, RUNS } from '../../api/operations/pipelines.js';
import { formatDuration, formatMinute, plural, sentence } from '../../format/figures.js';
import { Select } from '../../ui/controls/select.js';
import { usePresent } from '../../ui/now.js';
import { Empty, Problem, Skeleton } from '../../ui/states.js';
import { checkState } from './check-state.js';
import { RunNow } from './run-now.js';
import { STATUS_TONE, Tasks } from './tasks.js';

const NONE = {};
const ASK_AGAIN_MS = 2_000;
const FIRST = 25;
const MOST = 200;

export function Runs() {
  const [pipeline, setPipeline] = useState<string | undefined>(undefined);
  const [first, setFirst] = useState(FIRST);
  const { data: known, problem: unknown, refresh: askKnown } = useAnswer(PIPELINES, NONE);
  const { data, problem, oldSince, refresh } = useAnswer(
    RUNS,
    { first, after: null, filter: pipeline === undefined ? NONE : { pipeline } },
    { everyMs: ASK_AGAIN_MS },
  );
  const runs = data?.pipelineRuns;
  return (
    <>
      <RunNow pipelines={known?.pipelines} problem={unknown} onRetry={askKnown} onAsked={refresh} />
      <section className="panel" aria-label="Runs" aria-busy={runs === undefined}>
        <div className="panel-head">
          <h2>Runs</h2>
          <Select
            label="Pipeline"
            all="Every pipeline"
            options={(known?.pipelines ?? []).map(({ name }) => ({ value: name, label: name }))}
            value={pipeline}
            onChange={setPipeline}
          />
        </div>
        {runs === undefined && problem !== null && <Problem what="The runs cannot be shown" problem={problem} retry={refresh} />}
        {runs === undefined && problem === null && (
          <p className="run-waiting">
            <Skeleton width="60%" />
          </p>
        )}
        {runs?.nodes.length === 0 && <Empty title="No runs yet">The scheduler starts them; the key's holder may ask for one above.</Empty>}
        {runs?.nodes.map((run) => (
          <Run key={run.id} run={run} oldSince={oldSince} />
        ))}
        {runs?.pageInfo.hasNextPage && first < MOST && (
          <div className="more">
            <button type="button" className="button" onClick={() => setFirst(Math.min(MOST, first + FIRST))}>
              Older ones
            </button>
          </div>
        )}
      </section>
    </>
  );
}

interface RunProps {
  run: PipelineRun;
  /** Null: it is as it is known now. */
  oldSince: number | null;
}

function Run({ run, oldSince }: RunProps) {
  const { id, pipeline, logicalDate, attempt, status, requestedAt, startedAt, error, checks } = run;
  const broken = checks.filter(({ status: found }) => found !== 'PASSED');
  return (
    <details className="run" data-run={id} data-status={status}>
      <summary>
        <span className={`badge ${STATUS_TONE[status]}`}>{sentence(status)}</span>
        <span>
          <strong>{pipeline}</strong>
          {logicalDate !== null && <span className="muted"> of {logicalDate}</span>}
          {attempt > 1 && <span className="muted"> · attempt {attempt}</span>}
        </span>
        <span className="muted run-checks">{checks.length > 0 && checkState(checks).words}</span>
        <span className="muted number run-time">
          <RunTime run={run} oldSince={oldSince} />
        </span>
        <time className="muted number" dateTime={startedAt ?? requestedAt}>
          {formatMinute(startedAt ?? requestedAt)}
        </time>
      </summary>
      <div className="run-body">
        {error !== null && <p className="notice">{error}</p>}
        <Tasks run={run} />
        {broken.length > 0 && (
          <ul className="run-broken">
            {broken.map((check) => (
              <li key={`${check.dataset} ${check.name}`}>
                <span className={`badge ${checkState([check]).tone}`}>{sentence(check.status)}</span> <code>{check.dataset}</code>{' '}
                {check.name}: {check.message ?? plural(check.failedRows, 'row')}
              </li>
            ))}
          </ul>
        )}
      </div>
    </details>
  );
}

/** A run is known to last only until it was last heard of. */
function RunTime({ run: { startedAt, finishedAt, status }, oldSince }: RunProps) {
  const until = usePresent((present) => (finishedAt === null ? (oldSince ?? present) : Date.parse(finishedAt)));
  if (startedAt === null) return status === 'QUEUED' ? 'waits for a worker' : '–';
  return formatDuration(Math.max(0, until - Date.parse(startedAt)));
}
