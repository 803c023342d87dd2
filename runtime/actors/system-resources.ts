/** What lives as long as its system, and must end with it: a pool of threads, a worker. */
export interface SystemResource {
  /** Releases it; resolves once nothing of it is left. Called once. */
  close(): Promise<void>;
}

/** What the actors of one system acquired for longer than their own lives. */
export class SystemResources {
  readonly #held = new Set<SystemResource>();
  readonly #shared = new Map<string, SystemResource>();

  /** Held at this moment. */
  get size(): number {
    return this.#held.size;
  }

  /** Closes it with the system, unless `remove` takes it back before. */
  add(resource: SystemResource): void {
    this.#held.add(resource);
  }

  remove(resource: SystemResource): void {
    this.#held.delete(resource);
  }

  /** @returns the one of that name, made by the first who asks; every caller of a name makes the same kind. */
  shared<R extends SystemResource>(name: string, make: () => R): R {
    const known = this.#shared.get(name);
    if (known !== undefined) return known as R;
    const made = make();
    this.#shared.set(name, made);
    this.#held.add(made);
    return made;
  }

  /** Closes all, at once; a fault while one closes leaves the others theirs. */
  async close(): Promise<void> {
    const held = [...this.#held];
    this.#held.clear();
    this.#shared.clear();
    await Promise.allSettled(held.map((resource) => resource.close()));
  }
}
