/** The plans of all operations: so many fields together, and no more. The plan that was not used for longest goes. */
import type { Plan } from './plan.js';

/** 50 MB. */
const MOST_KEPT_FIELDS = 100_000;

export class KeptPlans {
  /** What lets go of each; that which was not used for longest first. */
  readonly #kept = new Map<Plan, () => void>();
  #fields = 0;

  constructor(private readonly mostFields = MOST_KEPT_FIELDS) {}

  /** `forget`: is called once, when the plan has to go. */
  use(plan: Plan, forget: () => void): void {
    if (!this.#kept.delete(plan)) this.#fields += plan.fields;
    this.#kept.set(plan, forget);
    for (const [oldest, forgetOldest] of this.#kept) {
      if (this.#fields <= this.mostFields) break;
      this.#kept.delete(oldest);
      this.#fields -= oldest.fields;
      forgetOldest();
    }
  }
}
