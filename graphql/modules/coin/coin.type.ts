/** A coin, by its CoinGecko id: symbols collide. What it is worth, how it moved and its alerts are fields of the modules that own them. */
import { Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { Decimal } from '../../../src/domain/decimal.js';
import type { CoinFilter as StoredCoinFilter } from '../../../src/store/mart/coins.js';
import { LIMITS } from '../../limits.js';
import { connectionOf } from '../../pagination.js';
import { DecimalScalar } from '../../scalars.js';

@ObjectType({
  simpleResolvers: true,
  description:
    'A coin that the platform follows. Source: mart.mart_coins. In alerts and updates, a coin that is no longer listed there shows its id as symbol and name.',
})
export class Coin {
  @Field(() => ID, { description: 'CoinGecko id, such as "bitcoin". The only key: several coins may share a symbol.' })
  id!: string;

  @Field(() => String, { description: 'Ticker symbol as the source writes it, such as "btc". May be empty; not unique.' })
  symbol!: string;

  @Field(() => String)
  name!: string;

  @Field(() => String, { nullable: true, description: 'Address of the logo at the source. Null where it has none.' })
  imageUrl!: string | null;

  @Field(() => Int, { nullable: true, description: 'Rank by market cap among all coins at the source, from 1. Null where it gives none.' })
  rank!: number | null;
}

export const CoinConnection = connectionOf(Coin, 'Coin');

/** The keys of src/store/mart/coins' orders. */
export const CoinOrders = {
  MARKET_CAP_RANK: 'MARKET_CAP_RANK',
  NAME: 'NAME',
  VOLUME_24H_DESC: 'VOLUME_24H_DESC',
  RETURN_1D_DESC: 'RETURN_1D_DESC',
  RETURN_1D_ASC: 'RETURN_1D_ASC',
  RETURN_7D_DESC: 'RETURN_7D_DESC',
  RETURN_7D_ASC: 'RETURN_7D_ASC',
} as const;
registerEnumType(CoinOrders, {
  name: 'CoinOrder',
  description:
    'Coins without the value come last in every order, ties by id. Text sorts by code point. Returns are those of the newest published day.',
  valuesConfig: { MARKET_CAP_RANK: { description: 'Greatest market cap first.' } },
});

@InputType({ description: 'All that is given must hold.' })
export class CoinFilter implements StoredCoinFilter {
  @Field(() => [ID], { nullable: true, description: `Only these; unknown ids are passed over. At most ${LIMITS.ids}.` })
  ids?: string[] | null;

  @Field(() => String, { nullable: true, description: 'Part of the id, the symbol or the name, in any case. At most 100 characters.' })
  search?: string | null;

  @Field(() => DecimalScalar, { nullable: true, description: 'USD. Leaves out coins whose market cap is unknown.' })
  minMarketCapUsd?: Decimal | null;
}
