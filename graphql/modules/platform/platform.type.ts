/** What the platform is and how far it has come. */
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { DateTimeScalar } from '../../scalars.js';

export const Realms = { SIMULATED: 'simulated', REAL: 'real' } as const;
registerEnumType(Realms, {
  name: 'Realm',
  description: "What this database's data is, for ever; the two never mix.",
  valuesConfig: {
    SIMULATED: { description: 'Made up by the built-in simulator: no real prices.' },
    REAL: { description: 'Observed at real sources.' },
  },
});

@ObjectType({ description: 'How far the load of past prices has come that is under way.' })
export class HistoryProgress {
  @Field(() => Int, { description: 'Intervals of a coin that are loaded, or that the source does not offer.' })
  intervalsDone!: number;

  @Field(() => Int)
  intervalsTotal!: number;

  @Field(() => DateTimeScalar, { nullable: true, description: 'At the pace of the last minutes; null until there is one.' })
  estimatedFinishAt!: Date | null;
}

@ObjectType({ description: 'The platform itself. What operators need beyond this is at /status and /metrics.' })
export class Platform {
  @Field(() => Realms)
  realm!: (typeof Realms)[keyof typeof Realms];

  @Field(() => String, { description: 'Of the software.' })
  version!: string;

  @Field(() => DateTimeScalar, { description: 'When this gateway started.' })
  startedAt!: Date;
}
