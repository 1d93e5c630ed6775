/**
 * Work that shares a round: what comes in while all lanes are busy waits, and goes out together in the next one that is free. So single
 * items pass at once, and under load the fixed costs are paid once for many.
 * Must stay true: items of one group are disjoint in what they need; a group that fails is tried again item by item, outside the lanes,
 * so that an item that has to wait holds up no other.
 */
interface Waiting<Item> {
  item: Item;
  resolve(): void;
  reject(error: unknown): void;
}

export interface LaneOptions<Item> {
  lanes: number;
  /** How much a group may weigh; a single item may weigh more. */
  maxWeight: number;
  weightOf(item: Item): number;
  together(items: Item[]): Promise<void>;
  alone(item: Item): Promise<void>;
}

export class Lanes<Item> {
  readonly #waiting: Waiting<Item>[] = [];
  #free: number;

  constructor(private readonly options: LaneOptions<Item>) {
    this.#free = options.lanes;
  }

  run(item: Item): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#fill();
    });
  }

  #fill(): void {
    while (this.#free > 0 && this.#waiting.length > 0) {
      this.#free--;
      void this.#execute(this.#nextGroup());
    }
  }

  async #execute(group: Waiting<Item>[]): Promise<void> {
    const stored = await this.options.together(group.map(({ item }) => item)).then(
      () => true,
      () => false,
    );
    this.#free++;
    this.#fill();
    for (const { item, resolve, reject } of group) {
      if (stored) resolve();
      else this.options.alone(item).then(resolve, reject);
    }
  }

  #nextGroup(): Waiting<Item>[] {
    let count = 0;
    for (let weight = 0; count < this.#waiting.length; count++) {
      weight += this.options.weightOf((this.#waiting[count] as Waiting<Item>).item);
      if (count > 0 && weight > this.options.maxWeight) break;
    }
    return this.#waiting.splice(0, count);
  }
}
