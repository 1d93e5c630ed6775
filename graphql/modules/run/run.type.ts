/** Runs of pipelines, their tasks, and what their checks found. */
import { Field, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { UtcDate } from '../../../src/domain/time.js';
import type { RunStatus } from '../../../src/store/pipelines/runs.js';
import { connectionOf } from '../../pagination.js';
import { DateScalar, DateTimeScalar } from '../../scalars.js';

export const RunStatuses = {
  QUEUED: 'QUEUED',
  RUNNING: 'RUNNING',
  SUCCEEDED: 'SUCCEEDED',
  FAILED: 'FAILED',
  SKIPPED: 'SKIPPED',
} as const satisfies Record<RunStatus, RunStatus>;
registerEnumType(RunStatuses, {
  name: 'RunStatus',
  description: 'How far a run, or a step of it, has come.',
  valuesConfig: { SKIPPED: { description: 'There was nothing to do, or something before it failed.' } },
});

@ObjectType({
  description:
    'One execution of a pipeline for one logical date, or for one instant where the pipeline has no dates. Source: ops.pipeline_runs.',
})
export class PipelineRun {
  @Field(() => String, { description: 'Such as "daily".' })
  pipeline!: string;

  @Field(() => DateScalar, { nullable: true, description: 'The UTC day that the run describes; null for pipelines without dates.' })
  logicalDate!: UtcDate | null;

  @Field(() => Int, { description: 'From 1; rises when the run is asked for again, or taken over from a worker that died.' })
  attempt!: number;

  @Field(() => RunStatuses)
  status!: RunStatus;

  @Field(() => DateTimeScalar)
  requestedAt!: Date;

  @Field(() => DateTimeScalar, { nullable: true })
  startedAt!: Date | null;

  @Field(() => DateTimeScalar, { nullable: true })
  finishedAt!: Date | null;

  @Field(() => String, { nullable: true, description: 'Why it failed; null if it did not.' })
  error!: string | null;
}

export const PipelineRunConnection = connectionOf(PipelineRun, 'PipelineRun');

@ObjectType({ description: 'One step of a run.' })
export class TaskRun {
  @Field(() => String)
  name!: string;

  @Field(() => RunStatuses)
  status!: RunStatus;

  @Field(() => Int, { description: 'From 1: how often it was tried in this attempt of the run.' })
  attempt!: number;

  @Field(() => DateTimeScalar, { nullable: true })
  startedAt!: Date | null;

  @Field(() => DateTimeScalar, { nullable: true })
  finishedAt!: Date | null;

  @Field(() => String, { nullable: true, description: 'Why it failed; null if it did not.' })
  error!: string | null;
}

@ObjectType({ description: 'A graph of tasks that runs by a schedule, or when it is asked for.' })
export class Pipeline {
  @Field(() => String, { description: 'Such as "daily".' })
  name!: string;

  @Field(() => Boolean, { description: 'Its runs describe a UTC day each.' })
  dated!: boolean;

  @Field(() => String, { description: 'What it does, in a sentence for people.' })
  does!: string;
}

@InputType({ description: 'All that is given must hold.' })
export class PipelineRunFilter {
  @Field(() => String, { nullable: true })
  pipeline?: string | null;

  @Field(() => RunStatuses, { nullable: true })
  status?: RunStatus | null;
}
