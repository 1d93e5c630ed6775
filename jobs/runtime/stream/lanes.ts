/**
 * Work that shares a round: what comes in while another round is under way waits for its end and goes out together, unless so much is
 * waiting that it is worth a lane of its own. So single items pass at once, many small ones pay the fixed costs once, and large ones go
 * side by side.
 * Must stay true: items of one group are disjoint in what they need; a group that fails is tried again item by item, outside the lanes,
 * so that an item that has to wait holds up no other.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** A round that takes longer waits for something, perhaps for a lock: what has come in since need not. */
const PATIENCE_MS = 250;

interface Waiting<Item> {
  item: Item;
  /** Its patience; ended when it goes, or it would keep what is long done in memory. */
  timer?: NodeJS.Timeout;
  resolve(): void;
  reject(error: unknown): void;
}

export interface LaneOptions<Item> {
  /** Rounds under way at most. */
  lanes: number;
  /** What waits goes out beside other rounds when it weighs this much. */
  laneWeight: number;
  /** After a round, unless a lane's weight waits: whom it let go comes back with more meanwhile, and shares the next one instead of the one after it. */
  restMs: number;
  /** How much a group may weigh; a single item may weigh more. */
  maxWeight: number;
  weightOf(item: Item): number;
  together(items: Item[]): Promise<void>;
  alone(item: Item): Promise<void>;
}

export class Lanes<Item> {
  readonly #waiting: Waiting<Item>[] = [];
  #busy = 0;

  constructor(private readonly options: LaneOptions<Item>) {}

  run(item: Item): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting<Item> = { item, resolve, reject };
      this.#waiting.push(waiting);
      this.#fill();
      this.#bePatient(waiting);
    });
  }

  #fill(): void {
    const { lanes, laneWeight } = this.options;
    while (this.#waiting.length > 0 && (this.#busy === 0 || (this.#busy < lanes && this.#weight() >= laneWeight))) void this.#execute();
  }

  #weight(): number {
    return this.#waiting.reduce((sum, { item }) => sum + this.options.weightOf(item), 0);
  }

  /** What still waits after that goes beside the others, as soon as there is a lane. */
  #bePatient(waiting: Waiting<Item>): void {
    if (!this.#waiting.includes(waiting)) return;
    waiting.timer = setTimeout(() => {
      if (this.#busy < this.options.lanes) void this.#execute();
      this.#bePatient(waiting);
    }, PATIENCE_MS).unref();
  }

  async #execute(): Promise<void> {
    const group = this.#nextGroup();
    this.#busy++;
    const stored = await this.options.together(group.map(({ item }) => item)).then(
      () => true,
      () => false,
    );
    for (const { item, resolve, reject } of group) {
      if (stored) resolve();
      else this.options.alone(item).then(resolve, reject);
    }
    if (this.#weight() < this.options.laneWeight) await sleep(this.options.restMs);
    this.#busy--;
    this.#fill();
  }

  #nextGroup(): Waiting<Item>[] {
    let [count, weight] = [0, 0];
    for (; count < this.#waiting.length; count++) {
      const next = this.options.weightOf((this.#waiting[count] as Waiting<Item>).item);
      if (count > 0 && weight + next > this.options.maxWeight) break;
      weight += next;
    }
    const group = this.#waiting.splice(0, count);
    for (const { timer } of group) clearTimeout(timer);
    return group;
  }
}
