/**
 * Equal work that comes while its like is under way is done once, together, as soon as that ends.
 * Must stay true: what is shared begins after everyone who shares it has come, so each sees all that was committed before; work that
 * finds nothing under way waits for nothing.
 */
interface Running<Result> {
  /** Those who came since it began. */
  next: (PromiseWithResolvers<Result> & { work: () => Promise<Result> }) | null;
}

export class Groups<Result> {
  readonly #running = new Map<string, Running<Result>>();

  /** `key`: of equal work. */
  do(key: string, work: () => Promise<Result>): Promise<Result> {
    const running = this.#running.get(key);
    if (running === undefined) return this.#begin(key, work);
    running.next ??= { ...Promise.withResolvers<Result>(), work };
    return running.next.promise;
  }

  async #begin(key: string, work: () => Promise<Result>): Promise<Result> {
    const running: Running<Result> = { next: null };
    this.#running.set(key, running);
    try {
      return await work();
    } finally {
      if (running.next === null) this.#running.delete(key);
      else running.next.resolve(this.#begin(key, running.next.work));
    }
  }
}
