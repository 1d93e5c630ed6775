/** Runs of pipelines: what ran, runs and waits; and asking for one. */
import { Arg, Authorized, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { OperatorError } from '../../../src/domain/errors.js';
import type { UtcDate } from '../../../src/domain/time.js';
import type { CheckResultRow } from '../../../src/store/pipelines/check-results.js';
import { getRuns, PIPELINES, type PipelineRunRow, requestRunByHand, type TaskRunRow } from '../../../src/store/pipelines/runs.js';
import type { GatewayContext } from '../../context.js';
import { badUserInput } from '../../errors.js';
import { listCost, pageCost } from '../../limits.js';
import { checkFirst, type Page, pageSize, rowCursor, toGraphqlInt, toPage } from '../../pagination.js';
import { DateScalar } from '../../scalars.js';
import { CheckResult } from '../dataset/dataset.type.js';
import { Pipeline, PipelineRun, PipelineRunConnection, PipelineRunFilter, TaskRun } from './run.type.js';

const LIST = 'pipelineRuns';

@Resolver(() => PipelineRun)
export class RunResolver {
  @Query(() => [Pipeline], { description: 'Every pipeline that can be asked for.', complexity: listCost(10) })
  pipelines(): Pipeline[] {
    return Object.entries(PIPELINES).map(([name, { dated, does }]) => ({ name, dated, does }));
  }

  @Query(() => PipelineRunConnection, { description: 'Newest first, by when a run was first asked for.', complexity: pageCost() })
  async pipelineRuns(
    @Arg('first', () => Int, pageSize(20)) first: number,
    @Arg('after', () => String, { nullable: true, description: 'endCursor of the page before.' }) after: string | null,
    @Arg('filter', () => PipelineRunFilter, { nullable: true }) filter: PipelineRunFilter | null,
    @Ctx() context: GatewayContext,
  ): Promise<Page<PipelineRunRow>> {
    const page = { first: checkFirst(first) + 1, after: rowCursor.decode(LIST, after) };
    return toPage(await getRuns(context.db.pool, page, filter ?? {}), first, (row) => rowCursor.encode(LIST, row.id));
  }

  @Authorized()
  @Mutation(() => PipelineRun, {
    description:
      "Needs an operator's key. Returns the queued or running run of that pipeline and date; if there is none, queues one, or the next attempt of the one that ended. Works through workers: watch the run's status.",
  })
  async runPipeline(
    @Arg('pipeline', () => String, { description: 'Such as "daily".' }) pipeline: string,
    @Arg('logicalDate', () => DateScalar, {
      nullable: true,
      description: 'The UTC day to describe; left out, the newest one that is over. Refused by pipelines without dates.',
    })
    logicalDate: UtcDate | null,
    @Ctx() context: GatewayContext,
  ): Promise<PipelineRunRow> {
    try {
      return (await requestRunByHand(context.db.pool, { pipeline, logicalDate: logicalDate ?? null, now: context.clock.now() })).run;
    } catch (error) {
      throw error instanceof OperatorError ? badUserInput(error.message, { originalError: error }) : error;
    }
  }

  @FieldResolver(() => ID)
  id(@Root() run: PipelineRunRow): string {
    return String(run.id);
  }

  @FieldResolver(() => [TaskRun], {
    description: "The newest attempt's steps, in the order in which they started.",
    complexity: listCost(10),
  })
  async tasks(@Root() run: PipelineRunRow, @Ctx() context: GatewayContext): Promise<TaskRunRow[]> {
    return context.loaders.tasksOfRun.load(run.id);
  }

  @FieldResolver(() => [CheckResult], { description: 'The newest result of each check that the run made.', complexity: listCost(30) })
  async checks(@Root() run: PipelineRunRow, @Ctx() context: GatewayContext): Promise<CheckResultRow[]> {
    return context.loaders.checksOfRun.load(run.id);
  }
}

@Resolver(() => TaskRun)
export class TaskRunResolver {
  @FieldResolver(() => Int, { nullable: true, description: 'Rows that it wrote, up to 2^31 - 1; null for steps that write none.' })
  rowsWritten(@Root() task: TaskRunRow): number | null {
    return task.rowsWritten === null ? null : toGraphqlInt(task.rowsWritten);
  }
}
