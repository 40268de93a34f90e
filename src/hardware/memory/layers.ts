import { Sorted, type Span } from './sorted.ts';

/** The items over one stretch: the same items at every place, given as they are at the first place. */
export interface Layer<I> extends Span {
  readonly items: readonly I[];
}

/** How an item changes along a stretch. */
export interface ItemRule<I> {
  /** The item as it is `by` places further along. */
  shift(item: I, by: number): I;
  /** Whether two items of the same place are equal. */
  same(a: I, b: I): boolean;
}

/**
 * A map from integers to sets of items, held as stretches over which every item continues by a rule. The cost grows
 * with the number of stretches, never with their length.
 */
export class Layers<I> {
  readonly #rule: ItemRule<I>;
  #layers = new Sorted<Layer<I>>();

  constructor(rule: ItemRule<I>) {
    this.#rule = rule;
  }

  copy(): Layers<I> {
    const twin = new Layers<I>(this.#rule);
    twin.#layers = this.#layers.copy();
    return twin;
  }

  /** Number of stretches held. */
  get count(): number {
    return this.#layers.count;
  }

  at(place: number): readonly I[] {
    const layer = this.#layers.at(place);
    return layer === undefined ? [] : this.#part(layer, place, place + 1).items;
  }

  /** The layers over [first, first + n), clipped to it, ascending; empty stretches are left out. */
  over(first: number, n: number): Layer<I>[] {
    if (this.#layers.count === 0) return [];
    const end = first + n;
    return this.#layers
      .over(first, end)
      .map((l) => this.#part(l, Math.max(first, l.first), Math.min(end, l.first + l.n)));
  }

  all(): Layer<I>[] {
    return this.#layers.over(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** Replaces the items over [first, first + n), stretch by stretch, including empty stretches. */
  update(first: number, n: number, image: (layer: Layer<I>) => readonly I[]): void {
    const end = first + n;
    const hit = this.#layers.over(first - 1, end + 1);
    const pieces: Layer<I>[] = [];
    const put = (layer: Layer<I>): void => this.#append(pieces, layer);
    const change = (layer: Layer<I>): void => put({ ...layer, items: image(layer) });
    let at = first;
    for (const layer of hit) {
      const stop = layer.first + layer.n;
      if (layer.first < first) put(this.#part(layer, layer.first, Math.min(stop, first)));
      const from = Math.max(layer.first, first);
      const upto = Math.min(stop, end);
      if (from < upto) {
        if (at < from) change({ first: at, n: from - at, items: [] });
        change(this.#part(layer, from, upto));
        at = upto;
      }
      if (stop > end) {
        if (at < end) change({ first: at, n: end - at, items: [] });
        at = end;
        put(this.#part(layer, Math.max(layer.first, end), stop));
      }
    }
    if (at < end) change({ first: at, n: end - at, items: [] });
    this.#layers.replace(Math.min(first, hit[0]?.first ?? first), end + 1, pieces);
  }

  #part(layer: Layer<I>, first: number, end: number): Layer<I> {
    if (first === layer.first && end === layer.first + layer.n) return layer;
    const by = first - layer.first;
    const items = by === 0 ? layer.items : layer.items.map((item) => this.#rule.shift(item, by));
    return { first, n: end - first, items };
  }

  #append(pieces: Layer<I>[], next: Layer<I>): void {
    if (next.items.length === 0 || next.n === 0) return;
    const last = pieces.at(-1);
    if (
      last !== undefined &&
      last.first + last.n === next.first &&
      last.items.length === next.items.length &&
      last.items.every((item, i) => this.#rule.same(this.#rule.shift(item, last.n), next.items[i]!))
    ) {
      pieces[pieces.length - 1] = { ...last, n: last.n + next.n };
    } else pieces.push(next);
  }
}
