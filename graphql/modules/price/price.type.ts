/** Prices as the stream knows them: the newest of a coin, and each one as it comes in. */
import { Field, Float, ID, ObjectType } from 'type-graphql';
import type { Decimal } from '../../../src/domain/decimal.js';
import { DateTimeScalar, DecimalScalar } from '../../scalars.js';

const SUSPECT = 'It jumped further than the platform believes without a second look; used everywhere all the same.';
const OBSERVED_AT = "The source's clock.";

@ObjectType({
  simpleResolvers: true,
  description: 'The newest observation of a coin by the source that feeds it. Source: mart.mart_latest_prices.',
})
export class Price {
  @Field(() => DecimalScalar, { description: 'USD for one coin, greater than zero.' })
  usd!: Decimal;

  @Field(() => Float, {
    nullable: true,
    description:
      'Percent, against the newest observation that was then at least 24 hours old; null where there is none within the hour before.',
  })
  change24hPct!: number | null;

  @Field(() => Boolean, { description: SUSPECT })
  suspect!: boolean;

  @Field(() => DateTimeScalar, { description: OBSERVED_AT })
  observedAt!: Date;

  @Field(() => String, { description: 'Who observed it: "coingecko" or "simulator".' })
  source!: string;
}

@ObjectType({
  description:
    'A new observation of a coin, newer than its newest so far, or a correction of that one. Late observations are stored but never sent.',
})
export class PriceUpdate {
  @Field(() => String, { description: 'Opaque: everything up to this update. Give it as after to go on from here, within 24 hours.' })
  cursor!: string;

  @Field(() => ID)
  coinId!: string;

  @Field(() => DecimalScalar, { description: 'USD for one coin.' })
  usd!: Decimal;

  @Field(() => DecimalScalar, {
    nullable: true,
    description: "The price that this one replaced as the coin's newest; null for a coin's first.",
  })
  previousUsd!: Decimal | null;

  @Field(() => Boolean, { description: SUSPECT })
  suspect!: boolean;

  @Field(() => DateTimeScalar, { description: OBSERVED_AT })
  observedAt!: Date;

  @Field(() => String, { description: 'Who observed it.' })
  source!: string;
}
