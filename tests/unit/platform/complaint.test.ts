/** What fails again and again is said once. */
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Complaint } from '../../../src/platform/complaint.js';

test('the same again is for debugging only, until it is another failure, or it went well in between', () => {
  const lines: [string, string][] = [];
  const logger = pino(
    { level: 'debug', formatters: { level: (label) => ({ level: label }) } },
    { write: (line: string) => void lines.push([JSON.parse(line).level, JSON.parse(line).err.message]) },
  );
  const complaint = new Complaint(logger, 'warn');
  const fail = (message: string) => complaint.say(new Error(message), 'it failed');
  fail('away');
  fail('away');
  fail('full');
  fail('away');
  complaint.end();
  fail('away');
  expect(lines).toEqual([
    ['warn', 'away'],
    ['debug', 'away'],
    ['warn', 'full'],
    ['warn', 'away'],
    ['warn', 'away'],
  ]);
});
