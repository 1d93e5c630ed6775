/** The whole market on a day: sums over the coins that the platform follows, beside the source's own figures. */
import { Field, Float, Int, ObjectType } from 'type-graphql';
import type { Decimal } from '../../../src/domain/decimal.js';
import type { UtcDate } from '../../../src/domain/time.js';
import { DateScalar, DateTimeScalar, DecimalScalar } from '../../scalars.js';

@ObjectType({
  description:
    "The market on one UTC day. Sums are over the coins that the platform follows and that have a price that day. global*: the source's own figures for the whole market, null for days when they were not fetched. Source: mart.mart_market_overview.",
})
export class MarketOverview {
  @Field(() => DateScalar)
  day!: UtcDate;

  @Field(() => DecimalScalar, { description: 'USD, of those of the coinCount coins whose market cap is known.' })
  totalMarketCapUsd!: Decimal;

  @Field(() => DecimalScalar, { description: 'USD traded in 24 hours, of those of the coinCount coins whose volume is known.' })
  totalVolume24hUsd!: Decimal;

  @Field(() => Float, {
    nullable: true,
    description: "Bitcoin's share of totalMarketCapUsd, percent; null where its market cap is unknown.",
  })
  bitcoinDominancePct!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Ethereum's share of totalMarketCapUsd, percent; null where its market cap is unknown.",
  })
  ethereumDominancePct!: number | null;

  @Field(() => Int, { description: 'Followed coins that have a price that day.' })
  coinCount!: number;

  @Field(() => Int, { description: 'Coins whose close is above the close of the day before.' })
  gainers!: number;

  @Field(() => Int, { description: 'Coins whose close is below the close of the day before.' })
  losers!: number;

  @Field(() => DecimalScalar, { nullable: true, description: "USD: the source's own sum over all coins that it knows." })
  globalMarketCapUsd!: Decimal | null;

  @Field(() => DecimalScalar, { nullable: true, description: "USD in 24 hours: the source's own sum." })
  globalVolume24hUsd!: Decimal | null;

  @Field(() => Float, { nullable: true, description: "Percent: bitcoin's share of the whole market by the source." })
  globalBitcoinDominancePct!: number | null;

  @Field(() => DateTimeScalar, { description: 'When this row was last computed.' })
  computedAt!: Date;
}

@ObjectType({ description: 'How far a coin moved on a day.' })
export class CoinMove {
  @Field(() => Float, { description: 'Percent: close of the day against the close of the day before.' })
  return1dPct!: number;
}
