/** What every command of the command line is: a function from its context to the end of its work. */
import type { Config } from '../platform/config.js';
import type { Lifecycle } from '../platform/lifecycle.js';
import type { Logger } from '../platform/logger.js';

export interface CommandContext {
  config: Config;
  logger: Logger;
  lifecycle: Lifecycle;
}

export interface CommandOptions {
  /** Of `run`. */
  pipeline?: string;
  /** Of `run --date`, as typed. */
  date?: string;
  /** Of commands that do several things: which one. */
  action?: string;
  /** Of `offsets reset`, as typed. */
  partition?: string;
  to?: string;
  /** Of `offsets record`. */
  force?: boolean;
  /** Of `dead-letters` and `rejected-rows`, as typed. */
  ids?: string[];
  all?: boolean;
  reason?: string;
  limit?: string;
}

/** The default export of src/main/<role>.ts and src/main/commands/<command>.ts. */
export type Command = (context: CommandContext, options: CommandOptions) => Promise<void>;
