/**
 * A page that is loaded when it is first opened. Where it cannot be had (the gateway is away, or the pages were built anew meanwhile) that is
 * said, and everything begins again once the gateway answers.
 */
import { type ComponentType, lazy } from 'react';
import { PageAbsent } from '../ui/error-boundary.js';

const ASK_AGAIN_MS = 1_000;

export function lazyPage<Props>(load: () => Promise<{ default: ComponentType<Props> }>) {
  return lazy(() =>
    load().catch((cause: unknown) => {
      void beginAgain();
      throw new PageAbsent('a part of the pages could not be loaded', { cause });
    }),
  );
}

async function beginAgain(): Promise<void> {
  for (;;) {
    const answer = await fetch('/livez', { cache: 'no-store' }).catch(() => null);
    if (answer !== null) return location.reload();
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}
