// The chart's copies of the alert rules and dashboards of docker/, as a chart can hold only what lies within it: `npm run deploy:copy`.
// A test holds them equal.
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** From, to, and which files. */
export const COPIES = [
  [at('../docker/prometheus'), at('crypto-data-platform/files/prometheus'), /^(alerts|recording)\.yml$/],
  [at('../docker/grafana/dashboards'), at('crypto-data-platform/files/dashboards'), /\.json$/],
];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [from, to, wanted] of COPIES) {
    rmSync(to, { recursive: true, force: true });
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from)) if (wanted.test(name)) cpSync(`${from}/${name}`, `${to}/${name}`);
  }
}
