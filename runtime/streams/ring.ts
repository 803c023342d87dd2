/** A first-in-first-out ring of fixed capacity. */
export class Ring<T> {
  readonly capacity: number;
  readonly #slots: (T | undefined)[] = [];
  #head = 0;
  #size = 0;

  /** @param capacity At least 1. Slots are made as they are first used. */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  get full(): boolean {
    return this.#size === this.capacity;
  }

  /** Adds the youngest; only where it is not full. */
  push(item: T): void {
    this.#slots[(this.#head + this.#size) % this.capacity] = item;
    this.#size += 1;
  }

  /** Takes the oldest. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.capacity;
    this.#size -= 1;
    return item;
  }

  /** Takes the youngest. */
  pop(): T | undefined {
    if (this.#size === 0) return undefined;
    this.#size -= 1;
    const index = (this.#head + this.#size) % this.capacity;
    const item = this.#slots[index];
    this.#slots[index] = undefined;
    return item;
  }

  clear(): void {
    this.#slots.length = 0;
    this.#head = 0;
    this.#size = 0;
  }
}
