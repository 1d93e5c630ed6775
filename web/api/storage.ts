/** What this browser keeps, for the tab or for good. Where it keeps nothing for a site, it is known as long as the page is open. */
function guarded(open: () => Storage) {
  const meanwhile = new Map<string, string>();
  return {
    get(name: string): string | null {
      const here = meanwhile.get(name);
      if (here !== undefined) return here;
      try {
        return open().getItem(name);
      } catch {
        return null;
      }
    },
    /** Null: it is forgotten. */
    set(name: string, value: string | null): void {
      try {
        if (value === null) open().removeItem(name);
        else open().setItem(name, value);
        meanwhile.delete(name);
      } catch {
        if (value === null) meanwhile.delete(name);
        else meanwhile.set(name, value);
      }
    },
  };
}

// To ask for the storage at all is what throws where it is blocked.
export const tabStorage = guarded(() => sessionStorage);
export const browserStorage = guarded(() => localStorage);
