// Fails where graphql/schema.graphql takes something away that clients of another revision may use.
// Usage: node .github/breaking-changes.mjs <revision>
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { buildSchema, findBreakingChanges, findDangerousChanges } from 'graphql';

const revision = process.argv[2];
if (revision === undefined) throw new Error('usage: node .github/breaking-changes.mjs <revision>');
const before = buildSchema(execFileSync('git', ['show', `${revision}:graphql/schema.graphql`], { encoding: 'utf8' }));
const after = buildSchema(readFileSync('graphql/schema.graphql', 'utf8'));

for (const { type, description } of findDangerousChanges(before, after)) console.log(`may surprise clients: ${type}: ${description}`);
const breaking = findBreakingChanges(before, after);
for (const { type, description } of breaking) console.error(`breaks clients: ${type}: ${description}`);
if (breaking.length > 0) console.error('\nIf that is meant, give the pull request the label "breaking".');
process.exit(breaking.length > 0 ? 1 : 0);
