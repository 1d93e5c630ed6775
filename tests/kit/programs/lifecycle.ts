/** A process of three parts that says what happens to it; the scenario is the first argument. */
import { OperatorError } from '../../../src/domain/errors.js';
import { runProcess } from '../../../src/platform/lifecycle.js';
import { createLogger } from '../../../src/platform/logger.js';

const scenario = process.argv[2];
const say = (text: string) => process.stdout.write(`${text}\n`);
const logger = createLogger({ level: scenario === 'silent' ? 'silent' : 'info', pretty: false }, process.stderr);
const keepAlive = setInterval(() => {}, 1000);

const code = await runProcess(
  logger,
  async (lifecycle) => {
    lifecycle.signal.addEventListener('abort', () => say('stopping'));
    const part = (name: string, wait = 0) =>
      lifecycle.start(
        name,
        async () => {
          say(`start ${name}`);
          await new Promise((resolve) => setTimeout(resolve, wait));
          return name;
        },
        async (started) => {
          if (scenario === 'hanging stop' && name === 'log') await new Promise(() => {});
          if (scenario === 'slow stop' && name === 'log') {
            await new Promise((resolve) => setTimeout(resolve, 700));
            say('still stopping');
            await new Promise((resolve) => setTimeout(resolve, 300));
          }
          if (scenario === 'failing stop' && name === 'log') throw new Error('stuck');
          say(`stop ${started}`);
        },
      );
    await part('database');
    await part('log', scenario === 'slow start' ? 500 : 0);
    if (scenario === 'operator error') throw new OperatorError('No coffee. Buy some.', 75, { cause: new Error('inner detail') });
    if (scenario === 'bug') throw new TypeError('x is not a function');
    await part('server');
    if (scenario === 'done') return;
    if (scenario === 'unhandled rejection') void Promise.reject(new Error('forgotten'));
    if (scenario === 'uncaught exception') setTimeout(() => (null as unknown as () => void)(), 1);
    if (scenario === 'failing part') lifecycle.fail(new OperatorError('The log is gone. Start it.', 75));
    await lifecycle.stopped;
    say('composed');
  },
  scenario === 'hanging stop' ? 300 : undefined,
);
clearInterval(keepAlive);
process.exit(code);
