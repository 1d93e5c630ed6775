/** Dead letters, for an operator: to look at, and to send through again once the cause is mended. */
import { Arg, Authorized, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { type DeadLetterRow, getDeadLetters, markDeadLetters, readablePayload } from '../../../src/store/stream/dead-letters.js';
import type { GatewayContext } from '../../context.js';
import { LIMITS, pageCost } from '../../limits.js';
import { checkFirst, type Page, pageSize, rowCursor, toPage, toRowIds } from '../../pagination.js';
import { DeadLetter, DeadLetterConnection } from './dead-letter.type.js';

const LIST = 'deadLetters';

@Resolver(() => DeadLetter)
export class DeadLetterResolver {
  @Authorized()
  @Query(() => DeadLetterConnection, {
    description: "Newest first. Needs an operator's key, for they hold payloads.",
    complexity: pageCost(),
  })
  async deadLetters(
    @Arg('first', () => Int, pageSize(50)) first: number,
    @Arg('after', () => String, { nullable: true, description: 'endCursor of the page before.' }) after: string | null,
    @Arg('pending', () => Boolean, {
      defaultValue: false,
      description: 'true: only those that wait for an operator, without those that were redriven.',
    })
    pending: boolean,
    @Ctx() context: GatewayContext,
  ): Promise<Page<DeadLetterRow>> {
    const rows = await getDeadLetters(context.db, { after: rowCursor.decode(LIST, after), limit: checkFirst(first) + 1, pending });
    return toPage(rows, first, (row) => rowCursor.encode(LIST, row.id));
  }

  @Authorized()
  @Mutation(() => Int, {
    description: `Needs an operator's key. Appends these records to the log anew, as they were received. Returns how many: one that is unknown, or was redriven or discarded before, does not count. At most ${LIMITS.ids} ids.`,
  })
  async redriveDeadLetters(@Arg('ids', () => [ID]) ids: string[], @Ctx() context: GatewayContext): Promise<number> {
    const known = toRowIds(ids);
    return known.length === 0 ? 0 : context.actions.redriveDeadLetters(known);
  }

  @Authorized()
  @Mutation(() => Int, {
    description: `Needs an operator's key. Puts these records away for good: they are kept, and not listed any more. Returns how many: one that is unknown, or was redriven or discarded before, does not count. At most ${LIMITS.ids} ids.`,
  })
  async discardDeadLetters(@Arg('ids', () => [ID]) ids: string[], @Ctx() context: GatewayContext): Promise<number> {
    return markDeadLetters(context.db.pool, toRowIds(ids), 'discarded', context.clock.now());
  }

  @FieldResolver(() => ID)
  id(@Root() letter: DeadLetterRow): string {
    return String(letter.id);
  }

  @FieldResolver(() => String, { description: 'Its place in the partition.' })
  offset(@Root() letter: DeadLetterRow): string {
    return String(letter.offset);
  }

  @FieldResolver(() => String, {
    description: 'As it stands in the log: its text, or "base64:" and its bytes where they are no UTF-8 text.',
  })
  payload(@Root() letter: DeadLetterRow): string {
    return readablePayload(letter.payload);
  }
}
