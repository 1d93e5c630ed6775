/** A coin's market figures as the source gave them in one snapshot. */
import { Field, ObjectType } from 'type-graphql';
import type { Decimal } from '../../../src/domain/decimal.js';
import { DateTimeScalar, DecimalScalar } from '../../scalars.js';

@ObjectType({
  simpleResolvers: true,
  description:
    "The newest published snapshot of a coin's market, as the source gave it; a figure is null where it gave none. Source: mart.mart_coins, from CoinGecko /coins/markets.",
})
export class MarketData {
  @Field(() => DecimalScalar, { nullable: true, description: 'USD: price times circulating supply.' })
  marketCapUsd!: Decimal | null;

  @Field(() => DecimalScalar, { nullable: true, description: 'USD: price times the supply that there can be.' })
  fullyDilutedValuationUsd!: Decimal | null;

  @Field(() => DecimalScalar, { nullable: true, description: 'USD traded in the 24 hours before.' })
  volume24hUsd!: Decimal | null;

  @Field(() => DecimalScalar, { nullable: true, description: 'Coins in circulation.' })
  circulatingSupply!: Decimal | null;

  @Field(() => DecimalScalar, { nullable: true, description: 'Coins that exist, less those burned.' })
  totalSupply!: Decimal | null;

  @Field(() => DecimalScalar, { nullable: true, description: 'Coins that there can ever be; null where there is no such bound.' })
  maxSupply!: Decimal | null;

  @Field(() => DecimalScalar, { nullable: true, description: 'USD.' })
  high24hUsd!: Decimal | null;

  @Field(() => DecimalScalar, { nullable: true, description: 'USD.' })
  low24hUsd!: Decimal | null;

  @Field(() => DecimalScalar, { nullable: true, description: 'USD: the highest price that the source ever saw.' })
  athUsd!: Decimal | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'When that was.' })
  athAt!: Date | null;

  @Field(() => DecimalScalar, { nullable: true, description: 'USD: the lowest price that the source ever saw.' })
  atlUsd!: Decimal | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'When that was.' })
  atlAt!: Date | null;

  @Field(() => DateTimeScalar, { name: 'observedAt', simple: false, description: 'When the snapshot was fetched.' })
  marketObservedAt!: Date;
}
