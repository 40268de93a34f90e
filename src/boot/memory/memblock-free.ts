import type { Kernel } from '../../kernel/kernel.ts';
import { MEMBLOCK_HOTPLUG } from '../../kernel/mm/memblock/memblock.ts';
import { page_nid, page_use, USE } from '../../kernel/mm/page.ts';
import { MEMBLOCK_MEMORY, SECTION_IS_EARLY, type State } from '../../kernel/state.ts';
import type { Machine } from '../../machines/machine.ts';
import { uncovered } from './holes.ts';

/** The memory that memblock can give while the kernel parses its options, page by page and node by node. */

interface Span {
  readonly start: number;
  readonly end: number;
}

const FIRST_BEYOND_32_BITS = 2 ** 32;

export class MemblockFree {
  readonly #free = new Map<number, Span[]>();

  /**
   * Free memory of each node, less what the kernel and the firmware have taken before: NODE_DATA at the top of each
   * node, and with `memmap` its struct pages; on x86 the first page, and the end of the RAM below 4G, where ACPI
   * tables and the initrd lie.
   */
  constructor(machine: Machine, k: Kernel, state: State, memmap: boolean) {
    for (const run of state.pages.in(0, Number.MAX_SAFE_INTEGER)) {
      if (page_use(run.value) !== USE.FREE) continue;
      const nid = page_nid(run.value);
      const spans = this.#free.get(nid) ?? [];
      this.#free.set(nid, spans);
      const last = spans.at(-1);
      if (last?.end === run.start) spans[spans.length - 1] = { start: last.start, end: run.end };
      else spans.push({ start: run.start, end: run.end });
    }
    if (k.c.movable_node) {
      for (const { base, size, flags } of state.memblock_type.get(MEMBLOCK_MEMORY)!.regions)
        if (flags & MEMBLOCK_HOTPLUG) this.#remove(base / k.c.PAGE_SIZE, (base + size) / k.c.PAGE_SIZE);
    }
    for (const [nr, { section_mem_map }] of state.mem_section)
      if (!(section_mem_map & SECTION_IS_EARLY))
        this.#remove(nr * k.c.PAGES_PER_SECTION, (nr + 1) * k.c.PAGES_PER_SECTION);
    const all = [...this.#free.values()].flat();
    const first = Math.min(...all.map(({ start }) => start));
    if (all.length > 0) this.#remove(first, first + 1);
    if (k.c.arch === 'x86_64' && !machine.iomem) {
      const low = all.filter(({ start }) => start < FIRST_BEYOND_32_BITS / k.c.PAGE_SIZE);
      const end = Math.max(...low.map((span) => Math.min(span.end, FIRST_BEYOND_32_BITS / k.c.PAGE_SIZE)));
      if (low.length > 0) this.#remove(end - 1, end);
    }
    for (const nid of this.#free.keys()) {
      this.take(nid, 1, true);
      if (memmap) this.takeMemmap(k, state, nid);
    }
  }

  /** sparse_init_nid(): one piece for all sections of a node if it has one, else a piece for each, of any node. */
  takeMemmap(
    k: Kernel,
    state: State,
    nid: number,
  ): readonly { readonly pfn: number; readonly nrPages: number }[] {
    const sections = [...state.mem_section.values()].filter(
      (section) => section.nid === nid && section.section_mem_map & SECTION_IS_EARLY,
    ).length;
    const bytes = Math.ceil((k.c.PAGES_PER_SECTION * 64) / k.c.PMD_SIZE) * k.c.PMD_SIZE;
    const align = bytes / k.c.PAGE_SIZE;
    if (sections === 0) return [];
    const whole = this.take(nid, align, true, sections * align);
    if (whole >= 0) return [{ pfn: whole, nrPages: sections * align }];
    return Array.from({ length: sections }, () => ({
      pfn: this.take(nid, align, false),
      nrPages: align,
    })).filter(({ pfn }) => pfn >= 0);
  }

  /**
   * memblock_alloc_try_nid_raw(): the highest free pages of the node that begin at a multiple of `align`; unless `exact`,
   * of any node if that has none. The first pfn, or -1.
   */
  take(nid: number, align: number, exact: boolean, nrPages = align): number {
    const of = (spans: readonly Span[]): number => {
      let found = -1;
      for (const { start, end } of spans) {
        const pfn = Math.floor((end - nrPages) / align) * align;
        if (pfn >= start) found = Math.max(found, pfn);
      }
      return found;
    };
    let pfn = of(this.#free.get(nid) ?? []);
    if (pfn < 0 && !exact) pfn = of([...this.#free.values()].flat());
    if (pfn >= 0) this.#remove(pfn, pfn + nrPages);
    return pfn;
  }

  #remove(start: number, end: number): void {
    for (const [nid, spans] of this.#free)
      this.#free.set(
        nid,
        spans.flatMap((span) => uncovered(span, [{ start, end }])),
      );
  }
}
