/** The platform's tables as its readers see them: what a row is, what it is made from, how fresh and how sound it is. */
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { DateTimeScalar } from '../../scalars.js';

export const CheckStatuses = { PASSED: 'PASSED', WARNED: 'WARNED', FAILED: 'FAILED' } as const;
registerEnumType(CheckStatuses, {
  name: 'CheckStatus',
  description: 'What a check found.',
  valuesConfig: {
    WARNED: { description: 'Rows break the rule; they are published all the same.' },
    FAILED: { description: 'Rows break the rule, and nothing was published.' },
  },
});

export const CheckSeverities = { WARN: 'WARN', ERROR: 'ERROR' } as const;
registerEnumType(CheckSeverities, {
  name: 'CheckSeverity',
  description: 'What a broken rule leads to: ERROR blocks the publication, WARN does not.',
});

@ObjectType({ description: 'What one check found in a dataset. Source: ops.check_results.' })
export class CheckResult {
  @Field(() => String)
  name!: string;

  @Field(() => String, { description: 'Qualified name of the dataset that was checked.' })
  dataset!: string;

  @Field(() => CheckSeverities)
  severity!: keyof typeof CheckSeverities;

  @Field(() => CheckStatuses)
  status!: keyof typeof CheckStatuses;

  @Field(() => String, { nullable: true, description: 'What is wrong, in words; null where nothing is.' })
  message!: string | null;

  @Field(() => DateTimeScalar)
  checkedAt!: Date;
}

@ObjectType({
  description: 'A table of the platform: what a row is, what it is made from, how fresh and how sound it is. Source: ops.datasets.',
})
export class Dataset {
  @Field(() => String, { description: 'Qualified name, such as "mart.mart_crypto_performance".' })
  name!: string;

  @Field(() => String, { description: 'What one row is.' })
  grain!: string;

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was last published; null if never.' })
  updatedAt!: Date | null;

  @Field(() => String, { description: 'Counts publications: another value means other data.' })
  version!: string;
}
