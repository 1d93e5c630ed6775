// Brings generated/ (the Prisma client) and dist/ (the compiled code and pages) up to date, and does nothing where they are:
// every npm script calls it first. `node build.mjs generate` stops after the client, which is all that tests need.
// Must stay true: works offline, after `npm ci --ignore-scripts` too; silent when nothing changed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

if (Number(process.versions.node.split('.')[0]) < 22) {
  console.error(
    `Node ${process.versions.node} is too old: the platform needs 22 or newer. npm ci brings Node 24 for all npm scripts\n` +
      'unless install scripts are off; then run `npm rebuild node`, or install a newer Node.',
  );
  process.exit(1);
}

const root = fileURLToPath(new URL('.', import.meta.url));
const stampFile = join(root, 'dist/.build-stamp.json');
const freshPages = join(root, `dist/web-${process.pid}`);

/** Changes with the path, size or time of any file under the given ones. */
function fingerprint(paths) {
  const hash = createHash('sha256');
  const add = (path) => {
    const stat = statSync(join(root, path));
    if (!stat.isDirectory()) hash.update(`${path} ${stat.size} ${stat.mtimeMs}\n`);
    else for (const name of readdirSync(join(root, path)).sort()) add(join(path, name));
  };
  paths.filter((path) => existsSync(join(root, path))).forEach(add);
  return hash.digest('hex');
}

/** What the script prints is shown where it fails; else it is returned. */
async function run(script, args, env = {}) {
  const child = spawn(process.execPath, [join(root, 'node_modules', script), ...args], { cwd: root, env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const failure = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => resolve(code === 0 ? null : `exit code ${code}`));
  });
  if (failure === null) return output;
  rmSync(freshPages, { recursive: true, force: true });
  process.stderr.write(`${output}build: ${script} failed (${failure})\n`);
  process.exit(1);
}

const stamps = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {};
const done = [];

/** Runs `work` unless the stamp and the output of the last time still stand. */
async function step(name, inputs, output, work) {
  const now = fingerprint(inputs);
  if (stamps[name] === now && existsSync(join(root, output))) return;
  await work();
  done.push(name);
  stamps[name] = now;
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stampFile, JSON.stringify(stamps));
}

/** Beside the pages that are there, and then in their place: a running gateway never serves half of them. */
async function buildWeb() {
  const args = ['build', '--config', 'web/vite.config.mjs', '--outDir', freshPages, '--logLevel', 'warn'];
  const output = await run('vite/bin/vite.js', args, { NODE_ENV: 'production' }); // React's other build is half as large again
  rmSync(join(root, 'dist/web'), { recursive: true, force: true });
  renameSync(freshPages, join(root, 'dist/web'));
  console.log(output.trim());
}

const started = performance.now();
await step('client', ['prisma/schema', 'prisma.config.ts', 'package-lock.json'], 'generated/prisma/client.ts', () =>
  // `generate` asks for a schema engine that it does not use and would download: any executable will do.
  run('prisma/build/index.js', ['generate'], { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' }),
);
if (process.argv[2] !== 'generate') {
  await Promise.all([
    step('code', ['src', 'graphql', 'jobs', 'generated', 'tsconfig.json', 'package-lock.json'], 'dist/src', () =>
      run('typescript/bin/tsc', ['-p', 'tsconfig.json']),
    ),
    step('web', ['web', 'package-lock.json'], 'dist/web/index.html', buildWeb),
  ]);
}
if (done.length > 0) console.log(`built ${done.join(', ')} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
