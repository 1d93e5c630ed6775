/** Queries of coins, and their pages. */
import { Arg, Ctx, FieldResolver, ID, Int, Query, Resolver, Root } from 'type-graphql';
import { z } from 'zod';
import {
  type CoinOrder,
  type CoinPlace,
  type CoinRow,
  countCoins,
  getCoins,
  type CoinFilter as StoredCoinFilter,
} from '../../../src/store/mart/coins.js';
import type { GatewayContext } from '../../context.js';
import { badUserInput } from '../../errors.js';
import { LIMITS, pageCost } from '../../limits.js';
import { checkFirst, cursorPart, decodeCursor, encodeCursor, type Page, pageSize, toPage } from '../../pagination.js';
import { Coin, CoinConnection, CoinFilter, CoinOrders } from './coin.type.js';

const MAX_SEARCH = 100;

interface CoinPage extends Page<CoinRow> {
  filter: StoredCoinFilter;
}

@Resolver(() => Coin)
export class CoinResolver {
  @Query(() => Coin, { nullable: true, description: 'One coin by its id; null where the platform does not follow it.' })
  async coin(@Arg('id', () => ID) id: string, @Ctx() context: GatewayContext): Promise<CoinRow | null> {
    return context.loaders.coin.load(id);
  }

  @Query(() => CoinConnection, { description: 'The coins that the platform follows.', complexity: pageCost() })
  async coins(
    @Arg('first', () => Int, pageSize(50)) first: number,
    @Arg('after', () => String, { nullable: true, description: 'endCursor of the page before, of the same order.' }) after: string | null,
    @Arg('orderBy', () => CoinOrders, { defaultValue: CoinOrders.MARKET_CAP_RANK }) orderBy: CoinOrder,
    @Arg('filter', () => CoinFilter, { nullable: true }) filter: CoinFilter | null,
    @Ctx() context: GatewayContext,
  ): Promise<CoinPage> {
    checkFirst(first);
    checkFilter(filter);
    const rows = await getCoins(context.db.pool, {
      order: orderBy,
      filter: filter ?? {},
      after: readPlace(orderBy, after),
      limit: first + 1,
    });
    for (const row of rows) context.loaders.coin.prime(row.id, row);
    const page = toPage(rows, first, (row) => encodeCursor([cursorTag(orderBy), row.orderValue, row.id]));
    return Object.assign(page, { filter: filter ?? {} });
  }
}

@Resolver(() => CoinConnection)
export class CoinConnectionResolver {
  @FieldResolver(() => Int, { description: 'Coins that the filter lets through, on all pages.' })
  async totalCount(@Root() page: CoinPage, @Ctx() context: GatewayContext): Promise<number> {
    return countCoins(context.db.pool, page.filter);
  }
}

function cursorTag(order: CoinOrder): string {
  return `coins ${order}`;
}

function readPlace(order: CoinOrder, cursor: string | null): CoinPlace | null {
  const value = order === 'NAME' ? z.string() : order === 'MARKET_CAP_RANK' ? cursorPart.integer : cursorPart.number;
  const parts = decodeCursor(cursor, z.tuple([z.literal(cursorTag(order)), value.nullable(), cursorPart.id]));
  return parts && { orderValue: parts[1], id: parts[2] };
}

function checkFilter(filter: CoinFilter | null): void {
  if ((filter?.ids?.length ?? 0) > LIMITS.ids) throw badUserInput(`filter.ids: at most ${LIMITS.ids} ids; ask in several queries`);
  if ((filter?.search?.length ?? 0) > MAX_SEARCH) throw badUserInput(`filter.search: at most ${MAX_SEARCH} characters`);
}
