/** Datasets, what they are made from, and what the newest checks found in them. */
import { Arg, Ctx, FieldResolver, Int, Query, Resolver, Root } from 'type-graphql';
import type { CheckResultRow } from '../../../src/store/pipelines/check-results.js';
import { type DatasetRow, getDatasets } from '../../../src/store/pipelines/datasets.js';
import type { GatewayContext } from '../../context.js';
import { listCost } from '../../limits.js';
import { toGraphqlInt } from '../../pagination.js';
import { DateTimeScalar } from '../../scalars.js';
import { CheckResult, Dataset } from './dataset.type.js';

@Resolver(() => Dataset)
export class DatasetResolver {
  @Query(() => [Dataset], { description: 'By name.', complexity: listCost(20) })
  async datasets(@Ctx() context: GatewayContext): Promise<DatasetRow[]> {
    return getDatasets(context.db.pool);
  }

  @Query(() => Dataset, {
    nullable: true,
    description: 'By qualified name, such as "mart.mart_crypto_performance"; null where there is none.',
  })
  async dataset(@Arg('name', () => String) name: string, @Ctx() context: GatewayContext): Promise<DatasetRow | null> {
    return context.loaders.dataset.load(name);
  }

  @FieldResolver(() => [Dataset], {
    description: 'The datasets that it is computed from; none for what comes from outside.',
    complexity: listCost(5),
  })
  async dependsOn(@Root() dataset: DatasetRow, @Ctx() context: GatewayContext): Promise<DatasetRow[]> {
    const found = await Promise.all(dataset.dependsOn.map((name) => context.loaders.dataset.load(name)));
    return found.filter((each) => each !== null);
  }

  @FieldResolver(() => DateTimeScalar, {
    nullable: true,
    description: 'When a row of it was last written, published or not; null where it is empty.',
  })
  async writtenAt(@Root() dataset: DatasetRow, @Ctx() context: GatewayContext): Promise<Date | null> {
    return context.loaders.writtenAt.load(dataset.name);
  }

  @FieldResolver(() => [CheckResult], { description: 'The newest result of each check.', complexity: listCost(10) })
  async checks(@Root() dataset: DatasetRow, @Ctx() context: GatewayContext): Promise<CheckResultRow[]> {
    return context.loaders.checksOfDataset.load(dataset.name);
  }
}

@Resolver(() => CheckResult)
export class CheckResultResolver {
  @FieldResolver(() => Int, {
    description: 'Rows that break the rule, up to 2^31 - 1; 0 of a check that failed because it could not be run.',
  })
  failedRows(@Root() result: CheckResultRow): number {
    return toGraphqlInt(result.failedRows);
  }
}
