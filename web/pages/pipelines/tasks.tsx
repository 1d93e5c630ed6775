/** The tasks of a run on its time line. */
import type { PipelineRun, RunStatus, TaskRun } from '../../api/operations/pipelines.js';
import { formatDuration, plural, sentence } from '../../format/figures.js';

export const STATUS_TONE: Record<RunStatus, string> = { QUEUED: '', RUNNING: 'accent', SUCCEEDED: 'up', FAILED: 'down', SKIPPED: '' };

export function Tasks({ run }: { run: PipelineRun }) {
  if (run.tasks.length === 0) return <p className="muted small">No task has started.</p>;
  const from = Math.min(...run.tasks.map(({ startedAt }) => (startedAt === null ? Number.POSITIVE_INFINITY : Date.parse(startedAt))));
  const ends = run.tasks.map(({ startedAt, finishedAt }) => Date.parse(finishedAt ?? startedAt ?? run.requestedAt));
  const span = Math.max(1, Math.max(...ends) - from);
  return (
    <ol className="tasks">
      {run.tasks.map((task) => (
        <Task key={task.name} task={task} from={from} span={span} />
      ))}
    </ol>
  );
}

function Task({ task, from, span }: { task: TaskRun; from: number; span: number }) {
  const { name, status, attempt, startedAt, finishedAt, rowsWritten, error } = task;
  const start = startedAt === null ? from : Date.parse(startedAt);
  const end = finishedAt === null ? from + span : Date.parse(finishedAt);
  return (
    <li>
      <span className="mono task-name">{name}</span>
      <span className="task-line" aria-hidden="true">
        <span
          className={`task-bar ${STATUS_TONE[status]}`}
          style={{ left: `${((start - from) / span) * 99}%`, width: `${Math.max(0.6, ((end - start) / span) * 99)}%` }}
        />
      </span>
      <span className="muted number">{startedAt === null ? '–' : finishedAt === null ? 'runs' : formatDuration(end - start)}</span>
      <span className="muted task-outcome">
        {sentence(status)}
        {rowsWritten !== null && `, ${plural(rowsWritten, 'row')}`}
        {attempt > 1 && `, try ${attempt}`}
      </span>
      {error !== null && <p className={status === 'FAILED' ? 'task-reason down' : 'task-reason muted'}>{error}</p>}
    </li>
  );
}
