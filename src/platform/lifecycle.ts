/**
 * The life of a process: what it starts, in order; what stops it; and the exit code. A role is a function that starts its parts and, if
 * it is to stay, waits for `stopped`.
 * Must stay true: parts stop in the reverse order of their starts, each after the ones that use it; the process always ends, at the
 * latest after the grace; a second Ctrl-C ends it at once.
 */
import { EXIT_FAILURE, OperatorError } from '../domain/errors.js';
import type { Logger } from './logger.js';
import { within } from './timeout.js';

export interface Lifecycle {
  /** Runs `start` now and `stop` when the process ends. Throws where the process is stopping already. */
  start<T>(name: string, start: () => T | Promise<T>, stop?: (started: T) => void | Promise<void>): Promise<T>;
  /** Something that runs beside the rest failed: the process stops with that error. */
  fail(error: unknown): void;
  /** Resolves when the process was asked to stop, rejects when a part failed. */
  readonly stopped: Promise<void>;
  /** Aborted when stopping begins: for work that should not begin any more, or can be cut short. */
  readonly signal: AbortSignal;
}

/** Kubernetes kills after 30 s. */
export const GRACE_MS = 25_000;
/** A signal that comes twice within this long was sent once: to the process group, and by whoever started us. */
const SAME_SIGNAL_MS = 500;
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

class Stopping extends Error {
  override readonly name = 'Stopping';
}

interface Part {
  name: string;
  /** What stops it, as soon as it has started. */
  started: Promise<() => void | Promise<void>>;
}

/** Runs `compose` to its end or to a signal, stops its parts, and resolves with the exit code. Errors are logged, not thrown. */
export async function runProcess(logger: Logger, compose: (lifecycle: Lifecycle) => Promise<void>, graceMs = GRACE_MS): Promise<number> {
  const parts: Part[] = [];
  const abort = new AbortController();
  const stopped = Promise.withResolvers<void>();
  stopped.promise.catch(() => {}); // whoever waits for it sees it
  const lifecycle: Lifecycle = {
    signal: abort.signal,
    stopped: stopped.promise,
    fail: (error) => stopped.reject(error),
    start(name, start, stop) {
      if (abort.signal.aborted) throw new Stopping(`${name} was not started: the process is stopping`);
      const running = Promise.resolve().then(start);
      parts.push({ name, started: running.then((it) => () => stop?.(it)) });
      return running;
    },
  };
  const unhook = hookProcess(logger, stopped);
  let code = 0;
  try {
    await Promise.race([compose(lifecycle), stopped.promise]);
  } catch (error) {
    code = report(logger, error);
  }
  abort.abort(new Stopping('the process is stopping'));
  if (!(await stopParts(logger, parts, graceMs))) code = EXIT_FAILURE;
  unhook();
  return code;
}

/** Signals and unhandled errors end the process through its parts; a second signal ends it on the spot. */
function hookProcess(logger: Logger, stopped: PromiseWithResolvers<void>): () => void {
  let askedAt: number | null = null;
  const onSignal = (signal: NodeJS.Signals) => {
    if (askedAt !== null) {
      if (performance.now() - askedAt < SAME_SIGNAL_MS) return;
      logger.warn(`${signal} again: ending at once`);
      process.exit(EXIT_FAILURE);
    }
    askedAt = performance.now();
    logger.info(`${signal}: stopping (once more to end at once)`);
    stopped.resolve();
  };
  const onBug = (error: unknown) => stopped.reject(error);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on('uncaughtException', onBug).on('unhandledRejection', onBug);
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    process.off('uncaughtException', onBug).off('unhandledRejection', onBug);
  };
}

/** What a person can mend is said in words, anything else is logged with its stack. Returns the exit code. */
export function report(logger: Logger, error: unknown): number {
  if (!(error instanceof OperatorError)) {
    logger.fatal({ err: error }, 'unexpected error');
    return EXIT_FAILURE;
  }
  process.stderr.write(`${error.message}\n`);
  logger.debug({ err: error }, 'where it came from');
  return error.exitCode;
}

/** False if a part failed to stop or the grace was over. */
async function stopParts(logger: Logger, parts: Part[], graceMs: number): Promise<boolean> {
  let clean = true;
  let current = '';
  const stopAll = async () => {
    for (const { name, started } of parts.reverse()) {
      current = name;
      const stop = await started.catch(() => () => {}); // a start that failed has been reported
      try {
        await stop();
      } catch (err) {
        clean = false;
        logger.error({ err }, `${name} did not stop cleanly`);
      }
    }
    return true;
  };
  const inTime = await within(graceMs, stopAll(), () => false);
  if (!inTime) logger.error(`${current} did not stop within ${graceMs / 1000} s: ending without it`);
  return inTime && clean;
}
