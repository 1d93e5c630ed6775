/** The mutants of the fault suite are made from compiled code, by text: here it is seen at once that a change of the code left one behind. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { projectRoot } from '../../../src/platform/project-root.js';
import { MUTATIONS } from '../../faults/platform/mutant.js';

test.each(Object.values(MUTATIONS))('the code has one place to take this out: $name', ({ file, find }) => {
  const source = readFileSync(join(projectRoot, file.replace(/\.js$/, '.ts')), 'utf8');
  expect(source.split(find)).toHaveLength(2);
});
