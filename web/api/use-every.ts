/** Asks again and again while the page is seen; what fell due while it was not is asked as soon as it is. */
import { useEffect } from 'react';

/** `ms` undefined: never. `ask` stays the same from one drawing to the next. */
export function useEvery(ms: number | undefined, ask: () => void): void {
  useEffect(() => {
    if (ms === undefined) return;
    let overdue = false;
    const askIfSeen = () => {
      overdue = document.visibilityState !== 'visible';
      if (!overdue) ask();
    };
    const seen = () => overdue && askIfSeen();
    const timer = setInterval(askIfSeen, ms);
    document.addEventListener('visibilitychange', seen);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [ms, ask]);
}
