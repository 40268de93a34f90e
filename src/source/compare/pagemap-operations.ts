import type { Config } from '../../kernel/config.ts';
import { W } from '../../kernel/ops.ts';
import type { dev_pagemap, State } from '../../kernel/state.ts';
import type { Prng } from '../../schedule/data/prng.ts';
import { type Bundle, isBefore } from '../bundle.ts';
import type { Drawn } from './random-operation.ts';
import { drawAltmap, G, hex, pick } from './ranges.ts';

/** Device memory: nothing else is there. */
const AREAS = [192 * G, 193 * G, 1536 * G];

/** Allocations of mm/memremap.c. */
export const PAGEMAP_SITES = ['percpu_ref', 'pgmap_array'];

/** Draws memremap_pages() and memunmap_pages(). */
export class PagemapOperations {
  readonly #random: Prng;
  readonly #c: Config;
  readonly #areas: readonly number[];
  readonly #types: dev_pagemap['type'][] = ['generic', 'generic', 'fs_dax'];
  readonly #compound: boolean;

  /** @param isMappable whether the linear map has room for memory there */
  constructor(random: Prng, c: Config, bundle: Bundle, isMappable: (start: number) => boolean) {
    this.#random = random;
    this.#c = c;
    this.#areas = AREAS.filter(isMappable);
    if (bundle.config.DEVICE_PRIVATE === 'y') this.#types.push('private');
    this.#compound = !isBefore(bundle, 5, 17);
  }

  /** Whole sub-sections or not; over System RAM or other device memory, too. */
  map(): Drawn {
    const { PAGE_SIZE, PMD_SIZE, PAGES_PER_SUBSECTION, SECTION_SIZE } = this.#c;
    const unit = PAGES_PER_SUBSECTION * PAGE_SIZE;
    const n = SECTION_SIZE / unit;
    // the boot memory of node 1 ends at 5G
    const area = this.#random.below(8) === 0 ? 5 * G - n * unit : pick(this.#random, this.#areas);
    const ragged = this.#random.below(8) === 0 ? this.#random.below(4) * PAGE_SIZE : 0;
    const start = area + this.#random.below(2 * n) * unit + ragged;
    const most = this.#random.below(3) > 0 ? 4 : Math.min(2 * n, 128);
    const units = 1 + this.#random.below(most);
    const size = units * unit + (this.#random.below(16) === 0 ? PAGE_SIZE : 0);
    const type = pick(this.#random, this.#types);
    const altmap = type === 'private' ? null : drawAltmap(this.#random, start / PAGE_SIZE);
    const orders = [0, Math.log2(PMD_SIZE / PAGE_SIZE)];
    const order = this.#compound && type === 'generic' ? pick(this.#random, orders) : 0;
    const nid = this.#random.below(2);
    const text = [
      `${hex(start)}, ${hex(size)}, ${type}, node ${nid}`,
      ...(altmap ? [`altmap ${JSON.stringify(altmap)}`] : []),
      ...(order > 0 ? [`order ${order}`] : []),
    ].join(', ');
    return {
      fn: 'memremap_pages',
      text: `memremap_pages(${text})`,
      *call(k) {
        const own = altmap && { ...altmap, alloc: 0 };
        const pagemap = yield* k.$alloc_dev_pagemap(type, start, size, nid, own);
        if (order > 0) yield* W('dev_pagemap', pagemap, 'vmemmap_shift', order);
        return yield* k.devm_memremap_pages(pagemap);
      },
    };
  }

  unmap({ dev_pagemap }: State): Drawn {
    const mapped = [...dev_pagemap].filter(([, map]) => map.mapped);
    if (mapped.length === 0) return this.map();
    const [pagemap, { start }] = pick(this.#random, mapped);
    return {
      fn: 'memunmap_pages',
      text: `memunmap_pages(${hex(start)})`,
      call: (k) => k.devm_memunmap_pages(pagemap),
    };
  }
}
