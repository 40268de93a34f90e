/** What a position of a state stands for. */
export interface Slot {
  readonly kind: 'thread' | 'lock' | 'rcu' | 'atomic' | 'life' | 'field' | 'table' | 'world' | 'name';
  readonly name: string;
}

/**
 * The positions of a state, numbered in the order in which they are first needed. In states older than a slot the slot
 * is 0.
 */
export class Slots {
  readonly all: Slot[] = [];
  readonly #byName = new Map<string, number>();

  id(kind: Slot['kind'], name: string): number {
    const key = `${kind} ${name}`;
    const known = this.#byName.get(key);
    if (known !== undefined) return known;
    this.#byName.set(key, this.all.length);
    return this.all.push({ kind, name }) - 1;
  }

  /** The slot if it exists, or -1. */
  find(kind: Slot['kind'], name: string): number {
    return this.#byName.get(`${kind} ${name}`) ?? -1;
  }

  get size(): number {
    return this.all.length;
  }
}
