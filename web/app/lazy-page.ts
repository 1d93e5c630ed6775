/**
 * A page that is loaded when it is first opened. Where it cannot be had (the gateway is away, or the pages were built anew meanwhile) that is
 * said, and everything begins again once the gateway answers.
 * Must stay true: where beginning again does not help, as while gateways of two builds answer by turns, each wait is longer than the last.
 */
import { type ComponentType, lazy } from 'react';
import { tabStorage } from '../api/storage.js';
import { PageAbsent } from '../ui/error-boundary.js';

const PLACE = 'begun-again';
const WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

export function lazyPage<Props>(load: () => Promise<{ default: ComponentType<Props> }>) {
  return lazy(async () => {
    try {
      const page = await load();
      tabStorage.set(PLACE, null);
      return page;
    } catch (cause) {
      void beginAgain();
      throw new PageAbsent('a part of the pages could not be loaded', { cause });
    }
  });
}

async function beginAgain(): Promise<void> {
  const before = Number(tabStorage.get(PLACE) ?? 0);
  tabStorage.set(PLACE, String(before + 1));
  const { pathname } = location;
  for (let waitMs = Math.min(LONGEST_WAIT_MS, WAIT_MS * 2 ** before); ; waitMs = WAIT_MS) {
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (location.pathname !== pathname) continue; // the reader is at another page meanwhile
    const answer = await fetch('/livez', { cache: 'no-store' }).catch(() => null);
    if (answer !== null) return location.reload();
  }
}
