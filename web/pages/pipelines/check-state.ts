/** What the newest checks of a dataset come to. */
import type { CheckResult } from '../../api/operations/pipelines.js';
import { plural } from '../../format/figures.js';

export interface CheckState {
  tone: 'up' | 'warn' | 'down' | 'none';
  words: string;
}

export function checkState(checks: readonly Pick<CheckResult, 'status'>[]): CheckState {
  const failed = checks.filter(({ status }) => status === 'FAILED').length;
  const warned = checks.filter(({ status }) => status === 'WARNED').length;
  if (failed > 0) return { tone: 'down', words: `${plural(failed, 'check')} failed` };
  if (warned > 0) return { tone: 'warn', words: `${plural(warned, 'check')} warned` };
  if (checks.length === 0) return { tone: 'none', words: 'not checked' };
  return { tone: 'up', words: `${plural(checks.length, 'check')} passed` };
}
