/**
 * Errors that a person sees. `message` names the cause and what to do next; inner detail stays in `cause`, for the log.
 * Expected outcomes elsewhere are values; anything that is not one of these is a bug.
 */

/** Exit codes of the command line: 0 asked to stop, 1 our fault or the configuration's, 75 try again (sysexits' EX_TEMPFAIL). */
export const EXIT_FAILURE = 1;
export const EXIT_TRY_AGAIN = 75;

/** The process cannot go on, and the operator can do something about it. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  constructor(
    message: string,
    readonly exitCode: number = EXIT_FAILURE,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
