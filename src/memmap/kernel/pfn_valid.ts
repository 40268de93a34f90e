import {
  SECTION_HAS_MEM_MAP,
  SECTION_IS_EARLY,
  SECTION_IS_ONLINE,
  SECTION_TAINT_ZONE_DEVICE,
} from '../../kernel/state.ts';
import type { Steps } from '../../steps/step.ts';
import { type MemConfig, NULL_TEXT, oops, pfn_to_section_nr } from './config.ts';
import type { MemKernel } from './functions.ts';
import { arch_pfn_to_nid } from './memory_model.ts';
import { look, type Memmap, type MemOperation, type mem_section, operation } from './world.ts';

/**
 * include/linux/mmzone.h, arch/arm64/mm/init.c (until v5.15), mm/memory_hotplug.c: pfn_valid() and functions built on
 * it. Null stands for a read through NULL.
 */
type Answer = boolean | null;

const section = (world: Memmap, c: MemConfig, pfn: number): mem_section | undefined => {
  const nr = pfn_to_section_nr(c, pfn);
  return nr >= c.NR_MEM_SECTIONS ? undefined : world.mem_section.get(nr);
};

const valid_section = (ms: mem_section | undefined): ms is mem_section =>
  ms !== undefined && (ms.flags & SECTION_HAS_MEM_MAP) !== 0;

const flat = (c: MemConfig, pfn: number): boolean =>
  pfn >= c.ARCH_PFN_OFFSET && pfn - c.ARCH_PFN_OFFSET < c.max_mapnr;

const subsection = (c: MemConfig, pfn: number): number =>
  Math.floor((pfn % c.PAGES_PER_SECTION) / c.PAGES_PER_SUBSECTION);

/** Without VMEMMAP a section has one memmap, so there are no parts to check. */
const pfn_section_valid = (c: MemConfig, ms: mem_section, pfn: number): Answer =>
  c.memory_model !== 'SPARSEMEM_VMEMMAP' || (ms.usage === null ? null : ms.usage.has(subsection(c, pfn)));

/** The models without sections; undefined for the others. */
function without_sections(world: Memmap, c: MemConfig, pfn: number): boolean | undefined {
  if (c.memory_model === 'FLATMEM') return flat(c, pfn);
  if (c.memory_model === 'DISCONTIGMEM') return arch_pfn_to_nid(world, pfn) >= 0;
  return undefined;
}

export const by_section = operation({
  name: 'by_section',
  writes: false,
  run: (world: Memmap, c: MemConfig, pfn: number): Answer =>
    without_sections(world, c, pfn) ?? valid_section(section(world, c, pfn)),
});

export const by_subsection = operation({
  name: 'by_subsection',
  writes: false,
  run(world: Memmap, c: MemConfig, pfn: number): Answer {
    const other = without_sections(world, c, pfn);
    if (other !== undefined) return other;
    const ms = section(world, c, pfn);
    if (!valid_section(ms)) return false;
    return (ms.flags & SECTION_IS_EARLY) !== 0 || pfn_section_valid(c, ms, pfn);
  },
});

/** 6.1.192: a pfn whose address does not fit is invalid; usage may be NULL. */
export const by_subsection_rcu = operation({
  name: 'by_subsection_rcu',
  writes: false,
  run(world: Memmap, c: MemConfig, pfn: number): Answer {
    if (pfn >= 2 ** (64 - c.PAGE_SHIFT)) return false;
    return by_subsection.run(world, c, pfn) ?? false;
  },
});

const is_map_memory = (world: Memmap, pfn: number): boolean =>
  world.memblock.some(({ start, end, nomap }) => pfn >= start && pfn < end && !nomap);

/** arm64 v5.2..v5.11: memblock decides. */
export const arm64_by_memblock = operation({
  name: 'arm64_by_memblock',
  writes: false,
  run: (world: Memmap, c: MemConfig, pfn: number): Answer =>
    by_section.run(world, c, pfn) === true && is_map_memory(world, pfn),
});

/** arm64 v5.12 and v5.13: in a section that is not early memblock does not contain device memory. */
export const arm64_by_memblock_or_subsection = operation({
  name: 'arm64_by_memblock_or_subsection',
  writes: false,
  run(world: Memmap, c: MemConfig, pfn: number): Answer {
    const ms = section(world, c, pfn);
    if (!valid_section(ms)) return false;
    return ms.flags & SECTION_IS_EARLY ? is_map_memory(world, pfn) : pfn_section_valid(c, ms, pfn);
  },
});

const online_section = (world: Memmap, c: MemConfig, pfn: number): mem_section | null => {
  const ms = section(world, c, pfn);
  return ms && ms.flags & SECTION_IS_ONLINE ? ms : null;
};

/** v5.2..v5.11 */
const online_by_section = operation({
  name: 'online_by_section',
  writes: false,
  run: (world: Memmap, c: MemConfig, pfn: number): boolean => online_section(world, c, pfn) !== null,
});

/** v5.12: device memory may share an online section. */
const online_by_subsection = operation({
  name: 'online_by_subsection',
  writes: false,
  run(world: Memmap, c: MemConfig, pfn: number): Answer {
    const ms = online_section(world, c, pfn);
    if (!ms) return false;
    const valid = pfn_section_valid(c, ms, pfn);
    if (valid !== true) return valid;
    if (!(ms.flags & SECTION_TAINT_ZONE_DEVICE)) return true;
    return !world.pagemap.some(({ start, end }) => pfn >= start && pfn < end);
  },
});

/** One step; a read through NULL is an oops in pfn_valid. */
function* ask(
  k: MemKernel,
  rule: MemOperation<[c: MemConfig, pfn: number], Answer, false>,
  pfn: number,
): Steps<boolean> {
  return (yield* look(rule, k.c, pfn)) ?? (yield* oops(k.c, 'pfn_valid', NULL_TEXT));
}

export const v2_6_27 = {
  /** FLATMEM, DISCONTIGMEM, and sections as a whole until v5.2. */
  pfn_valid(this: MemKernel, pfn: number): Steps<boolean> {
    return ask(this, by_section, pfn);
  },
  /** Without HOLES_IN_ZONE: true. */
  *pfn_valid_within(this: MemKernel, _pfn: number): Steps<boolean> {
    return true;
  },
  *pfn_to_online_page(this: MemKernel, pfn: number): Steps<number> {
    if (!(yield* look(online_by_section, this.c, pfn)) || !(yield* this.pfn_valid_within(pfn))) return 0;
    return yield* this.__pfn_to_page(pfn);
  },
};

export const v5_3 = {
  pfn_valid(this: MemKernel, pfn: number): Steps<boolean> {
    return ask(this, by_subsection, pfn);
  },
};

export const v5_12 = {
  *pfn_to_online_page(this: MemKernel, pfn: number): Steps<number> {
    return (yield* ask(this, online_by_subsection, pfn)) ? yield* this.__pfn_to_page(pfn) : 0;
  },
};

export const v6_1 = {
  pfn_valid(this: MemKernel, pfn: number): Steps<boolean> {
    return ask(this, by_subsection_rcu, pfn);
  },
};

/** HOLES_IN_ZONE and the memblock rule. */
export const arm64_v5_2 = {
  pfn_valid(this: MemKernel, pfn: number): Steps<boolean> {
    return ask(this, arm64_by_memblock, pfn);
  },
  pfn_valid_within(this: MemKernel, pfn: number): Steps<boolean> {
    return this.pfn_valid(pfn);
  },
};

export const arm64_v5_12 = {
  pfn_valid(this: MemKernel, pfn: number): Steps<boolean> {
    return ask(this, arm64_by_memblock_or_subsection, pfn);
  },
};
