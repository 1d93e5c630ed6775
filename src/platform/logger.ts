/**
 * The log: one JSON line an entry, or coloured lines on a terminal.
 * No secret gets into it, at whatever depth: what bears the name of one is replaced, and so are passwords and keys in URLs.
 */
import { pino } from 'pino';
import pretty from 'pino-pretty';

export type Logger = pino.Logger;

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const SECRET_FIELD = /("(?:[a-z-]*(?:password|api[_-]?key|secret)|authorization|connectionString)":)"(?:[^"\\]|\\.)*"/gi;
const SECRET_IN_URL = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*:)[^\s@/"]+(?=@)|(\bx_cg_\w*api_key=)[^\s&"]+/gi;

function withoutSecrets(line: string): string {
  return line.replace(SECRET_FIELD, '$1"[secret]"').replace(SECRET_IN_URL, '$1$2[secret]');
}

/** `destination`: standard output unless given. */
export function createLogger(options: { level: LogLevel; pretty?: boolean }, destination?: NodeJS.WritableStream): Logger {
  const readable = options.pretty ?? (destination === undefined && process.stdout.isTTY === true);
  const stream = readable
    ? pretty({
        destination: destination ?? 1,
        colorize: destination === undefined,
        ignore: 'pid,hostname',
        translateTime: 'HH:MM:ss',
        sync: true,
      })
    : (destination ?? pino.destination({ dest: 1, sync: true }));
  return pino({ level: options.level, timestamp: pino.stdTimeFunctions.isoTime, hooks: { streamWrite: withoutSecrets } }, stream);
}
