/** The schema as committed, as promised, and as a reader finds it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { buildSchema, findBreakingChanges, isInputObjectType, isObjectType, validateSchema } from 'graphql';
import { printedSchema, schema } from '../../graphql/schema.js';
import { projectRoot } from '../../src/platform/project-root.js';

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8');

describe('the schema', () => {
  test('is valid', () => {
    expect(validateSchema(schema)).toEqual([]);
  });

  test('is committed as the code has it; if not: npm run schema', () => {
    expect(read('graphql/schema.graphql')).toBe(printedSchema());
  });

  test('breaks nothing that clients rely on', () => {
    const contract = buildSchema(read('tests/queries/contract.graphql'));
    expect(findBreakingChanges(contract, schema)).toEqual([]);
    // The comparison would notice: the other way round, what we added is missing.
    expect(findBreakingChanges(schema, contract)).not.toEqual([]);
  });

  test('has defaults where the contract has them', () => {
    const contract = buildSchema(read('tests/queries/contract.graphql'));
    for (const type of Object.values(contract.getTypeMap())) {
      const ours = schema.getType(type.name);
      if (isObjectType(type) && isObjectType(ours)) {
        for (const field of Object.values(type.getFields())) {
          for (const arg of field.args) {
            const same = ours.getFields()[field.name]?.args.find(({ name }) => name === arg.name);
            expect([type.name, field.name, arg.name, String(same?.defaultValue)]).toEqual([
              type.name,
              field.name,
              arg.name,
              String(arg.defaultValue),
            ]);
          }
        }
      }
      if (isInputObjectType(type) && isInputObjectType(ours)) {
        for (const field of Object.values(type.getFields())) {
          expect([type.name, field.name, ours.getFields()[field.name]?.defaultValue]).toEqual([type.name, field.name, field.defaultValue]);
        }
      }
    }
  });

  test('describes every type and every operation', () => {
    const types = Object.values(schema.getTypeMap()).filter(
      ({ name }) => !name.startsWith('__') && !/^(Query|Mutation|Subscription|Int|Float|ID|String|Boolean)$/.test(name),
    );
    const operations = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
      Object.values(type?.getFields() ?? {}),
    );
    expect([...types, ...operations].filter(({ description }) => !description).map(({ name }) => name)).toEqual([]);
  });
});
