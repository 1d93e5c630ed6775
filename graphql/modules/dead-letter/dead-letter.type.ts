/** Log records that could not be taken. */
import { Field, Int, ObjectType } from 'type-graphql';
import { connectionOf } from '../../pagination.js';
import { DateTimeScalar } from '../../scalars.js';

@ObjectType({ description: 'A record of the log that could not be read, or that failed again and again. Source: ops.dead_letters.' })
export class DeadLetter {
  @Field(() => String)
  topic!: string;

  @Field(() => Int)
  partition!: number;

  @Field(() => String, { description: 'Why it was put aside, in words.' })
  reason!: string;

  @Field(() => Int, { description: 'How often it was tried.' })
  attempts!: number;

  @Field(() => DateTimeScalar)
  storedAt!: Date;

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was appended to the log anew; null if it was not.' })
  redrivenAt!: Date | null;
}

export const DeadLetterConnection = connectionOf(DeadLetter, 'DeadLetter');
