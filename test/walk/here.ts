import type { z } from 'zod';
import type { Config } from '../../src/kernel/config.ts';
import type { State } from '../../src/kernel/state.ts';
import type { Session } from '../../src/scenarios/running/session.ts';
import type * as steps from '../../src/scenarios/steps/index.ts';
import type { Prng } from '../../src/schedule/data/prng.ts';

/** Where a walk is: the machine as it stands, and the steps behind it. */

export type StepName = keyof typeof steps;
/** What a file says of a step. */
export type StepInput<K extends StepName> = z.input<(typeof steps)[K]['schema']>;

/** A kind of step is drawn by its weight; null if the state has nothing for it. */
export interface Draw<K extends StepName> {
  readonly weight: number;
  draw(here: Here): StepInput<K> | null;
}

/** How some kinds are drawn. */
export type Draws = { readonly [K in StepName]?: Draw<K> };

export interface Range {
  readonly start: number;
  readonly size: number;
}

const M = 2 ** 20;

/** The number of memory blocks in the area in which a walk takes place. */
const BLOCKS = 12;

const BEFORE_V5_10: ReadonlySet<string> = new Set(['v5.2', 'v5.3', 'v5.4', 'v5.7']);

export class Here {
  readonly session: Session;
  readonly prng: Prng;
  readonly release: string;
  /** The first address of the area, above all RAM. */
  readonly area: number;
  /** Steps that succeeded, by kind. */
  readonly #done = new Map<StepName, unknown[]>();

  constructor(session: Session, prng: Prng, release: string) {
    this.session = session;
    this.prng = prng;
    this.release = release;
    const block = this.c.memory_block_size_bytes;
    const end = Math.max(...[...this.state.memory_block.keys()].map((id) => (id + 1) * block));
    const unit = Math.max(block, 2 ** 30);
    const gap = prng.pick([0, 0, 1, 4]);
    this.area = Math.ceil(Math.max(end, 2 ** 32) / unit) * unit + gap * unit;
  }

  get c(): Config {
    return this.session.kernel.c;
  }

  get state(): State {
    return this.session.state;
  }

  done<K extends StepName>(kind: K): readonly StepInput<K>[] {
    return (this.#done.get(kind) ?? []) as StepInput<K>[];
  }

  note(kind: StepName, step: unknown): void {
    this.#done.set(kind, [...(this.#done.get(kind) ?? []), step]);
  }

  /** True once in n times. */
  once(n: number): boolean {
    return this.prng.below(n) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return this.prng.pick(list);
  }

  /** One of the list; null if it is empty. */
  any<T>(list: readonly T[]): T | null {
    return list.length ? this.prng.pick(list) : null;
  }

  /** From `first` to `last`. */
  between(first: number, last: number): number {
    return first + this.prng.below(last - first + 1);
  }

  /** A node of the machine; rarely one that it lacks, where the kernel checks that (v5.10). */
  node(): number {
    if (!BEFORE_V5_10.has(this.release) && this.once(40)) return 7;
    return this.pick([0, 0, 1, 1, 2]);
  }

  possibleNode(): number {
    return this.pick([...this.state.pgdat.keys()]);
  }

  /** Whole blocks of the area, whatever is there. */
  blocks(most = 3): Range {
    const block = this.c.memory_block_size_bytes;
    const first = this.prng.below(BLOCKS);
    return {
      start: this.area + first * block,
      size: block * this.between(1, Math.min(most, BLOCKS - first)),
    };
  }

  /** Whole blocks of the area, of several tries ones where nothing is. */
  freeBlocks(most = 3): Range {
    let found = this.blocks(most);
    for (let i = 0; i < 6 && !this.isFree(found); i++) found = this.blocks(most);
    return found;
  }

  /** Part of a range, in multiples of `unit` bytes. */
  part({ start, size }: Range, unit = 2 * M): Range {
    const units = Math.max(1, Math.floor(size / unit));
    const first = this.once(2) ? 0 : this.prng.below(units);
    const n = this.once(3) ? units - first : this.between(1, units - first);
    return { start: start + first * unit, size: n * unit };
  }

  /** Sometimes not what a caller should give: shifted, or longer, by less than a block. */
  odd(range: Range, rarity = 12): Range {
    const by = (): number => (this.once(2) ? 0 : this.pick([this.c.PAGE_SIZE, 2 * M, 64 * M]));
    return this.once(rarity) ? { start: range.start + by(), size: range.size + by() } : range;
  }

  /** Nothing is there: no entry of /proc/iomem, no section. */
  isFree({ start, size }: Range): boolean {
    const { iomem_resource, mem_section } = this.state;
    if (iomem_resource.children.some((res) => res.start < start + size && start <= res.end)) return false;
    for (let nr = Math.floor(start / this.c.SECTION_SIZE); nr * this.c.SECTION_SIZE < start + size; nr++)
      if ((mem_section.get(nr)?.section_mem_map ?? 0) !== 0) return false;
    return true;
  }

  hasDeviceMemory({ start, size }: Range): boolean {
    return [...this.state.dev_pagemap.values()].some(
      (map) => map.mapped && map.start < start + size && start <= map.end,
    );
  }

  blockRange(id: number): Range {
    const size = this.c.memory_block_size_bytes;
    return { start: id * size, size };
  }

  /** The numbers of the memory blocks, ascending: of the area or all, of those in a state. */
  blockIds(state: 'online' | 'offline' | 'any', where: 'area' | 'all' = 'all'): number[] {
    return [...this.state.memory_block]
      .filter(
        ([id, block]) =>
          (where === 'all' || this.blockRange(id).start >= this.area) &&
          (state === 'any' || block.offline === (state === 'offline')),
      )
      .map(([id]) => id)
      .sort((a, b) => a - b);
  }

  /** A run of such blocks. */
  run(ids: readonly number[], most = 3): { readonly first: number; readonly last: number } | null {
    const first = this.any(ids);
    if (first === null) return null;
    let last = first;
    while (last - first + 1 < most && ids.includes(last + 1) && this.once(2)) last++;
    return { first, last };
  }
}
