/** Every operation that the pages and GraphiQL's examples send, against the schema: right, within the limits, and none forgotten. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { buildSchema, type DocumentNode, parse, specifiedRules, validate } from 'graphql';
import { LIMIT_RULES, PARSE_OPTIONS } from '../../../graphql/limits.js';
import { projectRoot } from '../../../src/platform/project-root.js';
import { EXAMPLES } from '../../../web/graphiql/examples.js';
import { readFile } from '../../architecture/source-files.js';

const FOLDER = 'web/api/operations';
const schema = buildSchema(readFile('graphql/schema.graphql'));

const files = readdirSync(join(projectRoot, FOLDER));
const operations: [string, string][] = [];
for (const file of files) {
  const exported = (await import(`../../../${FOLDER}/${file.replace('.ts', '.js')}`)) as Record<string, unknown>;
  for (const [name, value] of Object.entries(exported)) {
    if (typeof value === 'string' && /^\s*(query|mutation|subscription)\b/.test(value)) operations.push([`${file} ${name}`, value]);
  }
}

function problemsOf(document: DocumentNode): string[] {
  return validate(schema, document, [...specifiedRules, ...LIMIT_RULES]).map(({ message }) => message);
}

describe('operations of the pages', () => {
  test('are all looked at', () => {
    const written = files.flatMap((file) => readFile(`${FOLDER}/${file}`).match(/\boperation</g) ?? []);
    expect(operations.length).toBe(written.length);
    expect(operations.length).toBeGreaterThan(15);
  });

  test.each(operations)('%s fits the schema', (_, text) => expect(problemsOf(parse(text, PARSE_OPTIONS))).toEqual([]));

  test('names of operations are each their own', () => {
    const names = operations.map(([, text]) => /(?:query|mutation|subscription) (\w+)/.exec(text)?.[1]);
    expect(new Set(names).size).toBe(names.length);
  });

  test.each(EXAMPLES.map(({ query, variables }) => [/(?:query|subscription|mutation) (\w+)/.exec(query)?.[1], query, variables]))(
    "GraphiQL's example %s fits the schema",
    (_, query, variables) => {
      expect(problemsOf(parse(query as string, PARSE_OPTIONS))).toEqual([]);
      expect(() => JSON.parse(variables ?? '{}')).not.toThrow();
    },
  );
});
