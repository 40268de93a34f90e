import { canon } from './canon.ts';

/** Gives every distinct value a small number, in the order in which values first appear. Number 0 is `undefined`. */
export class Interner {
  readonly #primitives = new Map<unknown, number>();
  readonly #objects = new Map<string, number>();
  readonly #byId: unknown[] = [];
  /** The total length of the texts under which objects are stored. */
  #letters = 0;

  constructor() {
    this.id(undefined);
  }

  get size(): number {
    return this.#byId.length;
  }

  /** An estimate of the bytes held: per value an entry in a map and a list; per object its text and itself. */
  get bytes(): number {
    return this.#byId.length * 80 + this.#letters * 5;
  }

  id(value: unknown): number {
    if (typeof value === 'object' && value !== null) {
      const key = canon(value);
      const known = this.#objects.get(key);
      if (known !== undefined) return known;
      this.#letters += key.length;
      this.#objects.set(key, this.#byId.length);
      return this.#byId.push(freeze(value)) - 1;
    }
    const known = this.#primitives.get(value);
    if (known !== undefined) return known;
    if (typeof value === 'function' || typeof value === 'symbol') canon(value);
    this.#primitives.set(value, this.#byId.length);
    return this.#byId.push(value) - 1;
  }

  value(id: number): unknown {
    return this.#byId[id];
  }
}

function freeze<T extends object>(value: T): T {
  if (Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) freeze(part);
  return value;
}
