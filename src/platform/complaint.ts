/** What fails again and again is said once, and again only in other words or after it went well: an outage is no flood of lines. */
import type { Logger } from './logger.js';

export class Complaint {
  #said: string | undefined;

  constructor(
    private readonly logger: Logger,
    private readonly level: 'warn' | 'error',
  ) {}

  /** The same message about the same failure as the last time is for debugging only. */
  say(error: unknown, message: string, context: object = {}): void {
    const words = `${message} ${(error as Error).message}`;
    this.logger[words === this.#said ? 'debug' : this.level]({ err: error, ...context }, message);
    this.#said = words;
  }

  /** It went well. */
  end(): void {
    this.#said = undefined;
  }
}
