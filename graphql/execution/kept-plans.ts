/** The plans of all operations: so much memory together, and no more. The plan that was not used for longest goes. */
import type { DocumentNode } from 'graphql';
import type { Plan } from './plan.js';

const MOST_KEPT_BYTES = 50_000_000;
/** As measured: a planned field, and a character of a document with its share of the syntax tree, at its densest. */
const FIELD_BYTES = 500;
const CHARACTER_BYTES = 150;

export class KeptPlans {
  /** That which was not used for longest first. `forget` lets go of the plan. */
  readonly #kept = new Map<Plan, { bytes: number; forget: () => void }>();
  #bytes = 0;

  constructor(private readonly mostBytes = MOST_KEPT_BYTES) {}

  /** `document`: what it was made of, which stays as long. `forget`: is called once, when the plan has to go. */
  use(plan: Plan, document: DocumentNode, forget: () => void): void {
    const known = this.#kept.get(plan);
    const bytes = known?.bytes ?? plan.fields * FIELD_BYTES + (document.loc?.source.body.length ?? 0) * CHARACTER_BYTES;
    if (known === undefined) this.#bytes += bytes;
    this.#kept.delete(plan);
    this.#kept.set(plan, { bytes, forget });
    for (const [oldest, { bytes: freed, forget: forgetOldest }] of this.#kept) {
      if (this.#bytes <= this.mostBytes) break;
      this.#kept.delete(oldest);
      this.#bytes -= freed;
      forgetOldest();
    }
  }
}
