/** Rejected rows, for an operator: they hold payloads. */
import { Arg, Authorized, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { getRejectedRows, markRejectedRows, type RejectedRowRow } from '../../../src/store/stream/rejected-rows.js';
import type { GatewayContext } from '../../context.js';
import { badUserInput } from '../../errors.js';
import { LIMITS, pageCost } from '../../limits.js';
import { checkFirst, type Page, pageSize, rowCursor, toPage, toRowIds } from '../../pagination.js';
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
    @Arg('first', () => Int, pageSize(50)) first: number,
    @Arg('after', () => String, { nullable: true, description: 'endCursor of the page before.' }) after: string | null,
    @Arg('filter', () => RejectedRowFilter, { nullable: true }) filter: RejectedRowFilter | null,
    @Arg('pending', () => Boolean, {
      defaultValue: false,
      description: 'true: only those that wait for an operator, without those that were redriven.',
    })
    pending: boolean,
    @Ctx() context: GatewayContext,
  ): Promise<Page<RejectedRowRow>> {
    checkFirst(first);
    if (filter?.from && filter.to && filter.from > filter.to) throw badUserInput('filter.from lies after filter.to: exchange them');
    const page = { filter: filter ?? {}, after: rowCursor.decode(LIST, after), limit: first + 1, pending };
    const rows = await getRejectedRows(context.db, page);
    return toPage(rows, first, (row) => rowCursor.encode(LIST, row.id));
  }

  @Authorized()
  @Mutation(() => Int, {
    description: `Needs an operator's key. Appends these rows to the log anew, as they were received. Returns how many: one that is unknown, that did not come through the log (the next fetch brings it again), or that was redriven or discarded before, does not count. At most ${LIMITS.ids} ids.`,
  })
  async redriveRejectedRows(@Arg('ids', () => [ID]) ids: string[], @Ctx() context: GatewayContext): Promise<number> {
    const known = toRowIds(ids);
    return known.length === 0 ? 0 : context.actions.redriveRejectedRows(known);
  }

  @Authorized()
  @Mutation(() => Int, {
    description: `Needs an operator's key. Puts these rows away for good: they are kept, and not listed any more. Returns how many: one that is unknown, or was redriven or discarded before, does not count. At most ${LIMITS.ids} ids.`,
  })
  async discardRejectedRows(@Arg('ids', () => [ID]) ids: string[], @Ctx() context: GatewayContext): Promise<number> {
    return markRejectedRows(context.db.pool, toRowIds(ids), 'discarded', context.clock.now());
  }

  @FieldResolver(() => ID)
  id(@Root() row: RejectedRowRow): string {
    return String(row.id);
  }
}
