const LEAST_SWEEP = 256;

/** Objects in the order in which they were added, none of which it keeps alive. */
export class WeakCollection<T extends object> {
  readonly #references = new Set<WeakRef<T>>();
  readonly #byObject = new WeakMap<T, WeakRef<T>>();
  #nextSweep = LEAST_SWEEP;

  add(object: T): void {
    const reference = new WeakRef(object);
    this.#references.add(reference);
    this.#byObject.set(object, reference);
    if (this.#references.size > this.#nextSweep) this.#sweep();
  }

  /** Returns whether the object was in the collection. */
  delete(object: T): boolean {
    const reference = this.#byObject.get(object);
    if (reference === undefined) return false;
    this.#byObject.delete(object);
    return this.#references.delete(reference);
  }

  /** What is left, the newest first, and empties the collection. */
  takeNewestFirst(): T[] {
    const objects = [...this.#references].reverse().flatMap((reference) => reference.deref() ?? []);
    this.#references.clear();
    return objects;
  }

  /** Forgets the references to what is gone; amortized over the additions. */
  #sweep(): void {
    for (const reference of this.#references) {
      if (reference.deref() === undefined) this.#references.delete(reference);
    }
    this.#nextSweep = Math.max(LEAST_SWEEP, 2 * this.#references.size);
  }
}
