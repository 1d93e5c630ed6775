/** A process ends as a fault has it end, and in no other way; asked to stop, it stops with 0. */
import type { Platform } from '../platform/platform.js';
import type { Ending } from '../platform/supervised-process.js';

/** Of the ends since it was last asked. `allowed`: beside what was asked for by a signal. */
export function judgeEnds({ processes }: Platform, allowed: readonly Ending[] = []): string[] {
  return processes.flatMap((each) =>
    each.ends
      .splice(0)
      .filter(({ how, asked }) => how !== asked && !allowed.includes(how))
      .map(({ pid, how, asked, lastWords }) => {
        const why = asked === undefined ? 'and nobody asked it to' : `and was asked for ${asked}`;
        return `${each.name} (pid ${pid}) ended with ${how}, ${why}:\n${lastWords}`;
      }),
  );
}
