/** Rejected rows, for an operator: they hold payloads. */
import { Arg, Authorized, Ctx, FieldResolver, ID, Int, Query, Resolver, Root } from 'type-graphql';
import { getRejectedRows, type RejectedRowRow } from '../../../src/store/stream/rejected-rows.js';
import type { GatewayContext } from '../../context.js';
import { badUserInput } from '../../errors.js';
import { pageCost } from '../../limits.js';
import { checkFirst, type Page, rowCursor, toPage } from '../../pagination.js';
import { RejectedRow, RejectedRowConnection, RejectedRowFilter } from './rejected-row.type.js';

const LIST = 'rejectedRows';

@Resolver(() => RejectedRow)
export class RejectedRowResolver {
  @Authorized()
  @Query(() => RejectedRowConnection, {
    description: "Newest first. Needs an operator's key, for they hold payloads.",
    complexity: pageCost(),
  })
  async rejectedRows(
    @Arg('first', () => Int, { defaultValue: 50, description: '1 to 200.' }) first: number,
    @Arg('after', () => String, { nullable: true, description: 'endCursor of the page before.' }) after: string | null,
    @Arg('filter', () => RejectedRowFilter, { nullable: true }) filter: RejectedRowFilter | null,
    @Ctx() context: GatewayContext,
  ): Promise<Page<RejectedRowRow>> {
    checkFirst(first);
    if (filter?.from && filter.to && filter.from > filter.to) throw badUserInput('filter.from lies after filter.to: exchange them');
    const rows = await getRejectedRows(context.db, { filter: filter ?? {}, after: rowCursor.decode(LIST, after), limit: first + 1 });
    return toPage(rows, first, (row) => rowCursor.encode(LIST, row.id));
  }

  @FieldResolver(() => ID)
  id(@Root() row: RejectedRowRow): string {
    return String(row.id);
  }
}
