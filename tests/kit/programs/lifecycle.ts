/** A process of three parts that says what happens to it; the scenario is the first argument. */
import { once } from 'node:events';
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
    // A signal that comes again at once: sent from here it is not late, however slow the machine.
    if (scenario === 'doubled signal') process.once('SIGINT', (signal) => process.emit('SIGINT', signal));
    const part = (name: string) =>
      lifecycle.start(
        name,
        async () => {
          say(`start ${name}`);
          if (scenario === 'slow start' && name === 'log') {
            await once(lifecycle.signal, 'abort');
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
          return name;
        },
        async (started) => {
          if (scenario === 'hanging stop' && name === 'log') await new Promise(() => {});
          if (scenario === 'slow stop' && name === 'log') {
            await new Promise((resolve) => setTimeout(resolve, 700)); // a signal is a second one from then on
            say('still stopping');
            await new Promise(() => {});
          }
          if (scenario === 'failing stop' && name === 'log') throw new Error('stuck');
          say(`stop ${started}`);
        },
      );
    await part('database');
    await part('log');
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
