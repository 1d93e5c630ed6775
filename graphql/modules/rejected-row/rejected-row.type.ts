/** Rows that a dataset did not take, with the reason. */
import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { connectionOf } from '../../pagination.js';
import { DateTimeScalar } from '../../scalars.js';

@ObjectType({ description: "A row that failed a dataset's validation. The good rows around it went in. Source: ops.rejected_rows." })
export class RejectedRow {
  @Field(() => String, { description: 'The dataset that refused it, such as "raw.raw_prices".' })
  dataset!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'As the row named it: it may be a coin that the platform does not know. Null where it named none.',
  })
  coinId!: string | null;

  @Field(() => String, { description: 'Where it came from: the log\'s "topic/partition", or the call.' })
  origin!: string;

  @Field(() => String, { description: 'Its place there: the offset, or the number in the answer.' })
  position!: string;

  @Field(() => String, { description: 'Why it was refused, in words.' })
  reason!: string;

  @Field(() => String, { description: 'As received.' })
  payload!: string;

  @Field(() => DateTimeScalar)
  rejectedAt!: Date;

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was appended to the log anew; null if it was not.' })
  redrivenAt!: Date | null;
}

export const RejectedRowConnection = connectionOf(RejectedRow, 'RejectedRow');

@InputType({ description: 'All that is given must hold.' })
export class RejectedRowFilter {
  @Field(() => String, { nullable: true, description: 'Qualified name, such as "raw.raw_prices".' })
  dataset?: string | null;

  @Field(() => ID, { nullable: true })
  coinId?: string | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'rejectedAt is this instant or later.' })
  from?: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'rejectedAt is before this instant.' })
  to?: Date | null;
}
