/** The table of faults: printed after each campaign, and written into docs/reliability.md where FAULT_WRITE says so. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/platform/project-root.js';
import type { FaultReport } from './campaign.js';

const HEAD = ['fault', 'injected', 'positions judged', 'restatements', 'recovery median / max', 'verdict'];

export function printReports(reports: FaultReport[], seed: number): void {
  if (reports.length === 0) return;
  const table = tableOf(reports);
  const kind = reports[0]?.platform as string;
  process.stdout.write(`\n${kind}; reproduce with FAULT_SEED=${seed}\n\n${table}\n\n`);
  if (process.env.FAULT_WRITE !== undefined) writeInto(reports);
}

/** One row of the table. */
export const lineOf = (report: FaultReport) => `| ${cellsOf(report).join(' | ')} |`;

function cellsOf(report: FaultReport): (string | number)[] {
  if (report.leftOut !== null) return [report.name, 0, '', '', '', `LEFT OUT: ${report.leftOut}`];
  const verdict = Object.keys(report.findings).length === 0 ? 'kept' : `BROKEN: ${Object.keys(report.findings).join(', ')}`;
  return [
    report.name,
    report.injected,
    report.positions.toLocaleString('en-US'),
    report.restatements,
    recovery(report.recoveryMs),
    verdict,
  ];
}

function tableOf(reports: FaultReport[]): string {
  return [HEAD, HEAD.map(() => '---')]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .concat(reports.map(lineOf))
    .join('\n');
}

function recovery(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const seconds = (ms: number | undefined) => ((ms ?? 0) / 1000).toFixed(1);
  return `${seconds(sorted[(sorted.length - 1) >> 1])} s / ${seconds(sorted.at(-1))} s`;
}

/** Each row takes the place of the row of the same fault and make-up. */
function writeInto(reports: FaultReport[]): void {
  const file = join(projectRoot, 'docs/reliability.md');
  const lines = readFileSync(file, 'utf8').split('\n');
  for (const report of reports) {
    const section = lines.indexOf(`<!-- ${report.platform} -->`);
    const row = lines.findIndex((line, index) => index > section && line.startsWith(`| ${report.name} |`));
    if (section < 0 || row < 0) throw new Error(`${file} has no row for "${report.name}" under "${report.platform}"`);
    lines[row] = lineOf(report);
  }
  writeFileSync(file, lines.join('\n'));
}
