import type { Steps } from '../../../../../steps/step.ts';
import { NotModelled } from '../../../../kernel/runtime.ts';
import type { Kernel, MemoryNotifier, memory_notify, mhp_params, vmem_altmap } from '../../../../kernel.ts';
import * as remove_memory from '../../../../mm/memory_hotplug/remove_memory.ts';
import { pr_err, pr_warn, R, W } from '../../../../ops.ts';
import { hexpad, PFN_DOWN, PFN_PHYS, PFN_UP, pfn_to_section_nr, phys_to_virt } from '../../../../pfn.ts';
import { MEM_GOING_OFFLINE, MEM_OFFLINE, SECTION_IS_EARLY } from '../../../../state.ts';
import { NO_BLOCK_MAPPINGS, NO_CONT_MAPPINGS, NO_EXEC_MAPPINGS } from './create_pgd_mapping.ts';

/** arch/arm64/mm/mmu.c: hot-add and hot-remove. */

/** The linear map of hot-added memory: 0, or from v7.1 on -ENOMEM. */
function* map_linear(k: Kernel, start: number, size: number, pgprot: number): Steps<number> {
  const flags = NO_EXEC_MAPPINGS | (k.c.can_set_direct_map ? NO_BLOCK_MAPPINGS | NO_CONT_MAPPINGS : 0);
  const virt = phys_to_virt(k.c, start);
  return yield* k.__create_pgd_mapping(
    k.c.swapper_pg_dir,
    start,
    virt,
    size,
    pgprot,
    '__pgd_pgtable_alloc',
    flags,
  );
}

export const v5_2 = {
  /** If __add_pages fails, the mapping stays (B31). */
  *arch_add_memory(
    this: Kernel,
    nid: number,
    start: number,
    size: number,
    params: mhp_params,
  ): Steps<number> {
    yield* map_linear(this, start, size, params.pgprot);
    return yield* this.__add_pages(nid, PFN_DOWN(this.c, start), size / this.c.PAGE_SIZE, params);
  },

  /** For an add that fails (v5.3+): the linear map stays. */
  *arch_remove_memory(this: Kernel, start: number, size: number, altmap: vmem_altmap | null): Steps<void> {
    const pfn = PFN_DOWN(this.c, start);
    const zone = yield* this.$zone_of_removed(pfn);
    yield* this.__remove_pages(pfn, size / this.c.PAGE_SIZE, altmap, zone);
  },

  /** Memory hot-remove is not selectable before V5 and V6. */
  *$check_removable_range(this: Kernel, _start: number, _size: number): Steps<void> {
    throw new NotModelled(`${this.release} on arm64 cannot be built with CONFIG_MEMORY_HOTREMOVE`);
  },
};

/** V6: if __add_pages fails, the mapping is removed; removal takes the zone from the first struct page (B66). */
export const arm64_v6 = {
  $check_removable_range: remove_memory.v5_3.$check_removable_range,

  *arch_add_memory(
    this: Kernel,
    nid: number,
    start: number,
    size: number,
    params: mhp_params,
  ): Steps<number> {
    const ret = yield* v5_2.arch_add_memory.call(this, nid, start, size, params);
    if (ret) yield* this.__remove_pgd_mapping(phys_to_virt(this.c, start), size);
    return ret;
  },

  *arch_remove_memory(this: Kernel, start: number, size: number, altmap: vmem_altmap | null): Steps<void> {
    yield* v5_2.arch_remove_memory.call(this, start, size, altmap);
    yield* this.__remove_pgd_mapping(phys_to_virt(this.c, start), size);
  },
};

export const v5_7 = {
  *arch_add_memory(
    this: Kernel,
    nid: number,
    start: number,
    size: number,
    params: mhp_params,
  ): Steps<number> {
    let ret = yield* map_linear(this, start, size, params.pgprot);
    if (ret === 0) {
      yield* this.memblock_clear_nomap(start, size);
      ret = yield* this.__add_pages(nid, PFN_DOWN(this.c, start), size / this.c.PAGE_SIZE, params);
    }
    if (ret) yield* this.__remove_pgd_mapping(phys_to_virt(this.c, start), size);
    return ret;
  },
};

export const v5_10 = {
  /**
   * v5.10: a range outside the linear map is refused here; in v5.12+ it is refused before the resource is requested.
   */
  *arch_add_memory(
    this: Kernel,
    nid: number,
    start: number,
    size: number,
    params: mhp_params,
  ): Steps<number> {
    const range = this.c.mappable_range;
    if (start < range.start || start + size - 1 > range.end) {
      yield* pr_err(`[${hexpad(start, 1)} ${hexpad(start + size, 1)}] is outside linear mapping region`);
      return -this.errno.EINVAL;
    }
    // as 5.10.y has it; recorded by arm64-5.10-4k-va48-full-dimm
    return yield* v6_6.arch_add_memory.call(this, nid, start, size, params);
  },
};

export const v6_1 = {
  *arch_add_memory(
    this: Kernel,
    nid: number,
    start: number,
    size: number,
    params: mhp_params,
  ): Steps<number> {
    const ret = yield* v5_7.arch_add_memory.call(this, nid, start, size, params);
    if (ret === 0) {
      const end_pfn = PFN_DOWN(this.c, start + size);
      const max_pfn = yield* R('vars', 0, 'max_pfn');
      yield* W('vars', 0, 'max_pfn', Math.max(max_pfn, end_pfn));
    }
    return ret;
  },
};

export const v6_6 = {
  /** 6.6.87, 6.8.0: max_pfn is the end of what was added last, whichever range is higher. */
  *arch_add_memory(
    this: Kernel,
    nid: number,
    start: number,
    size: number,
    params: mhp_params,
  ): Steps<number> {
    const ret = yield* v5_7.arch_add_memory.call(this, nid, start, size, params);
    if (ret === 0) yield* W('vars', 0, 'max_pfn', PFN_UP(this.c, start + size));
    return ret;
  },
};

/** Boot memory cannot go offline: MEM_GOING_OFFLINE is vetoed for any early section (v5.7+). */
export const prevent_bootmem_remove_notifier: MemoryNotifier = function* (
  this: Kernel,
  action: number,
  arg: memory_notify,
): Steps<number> {
  if (action !== MEM_GOING_OFFLINE && action !== MEM_OFFLINE) return 0;
  const section = this.c.PAGES_PER_SECTION;
  for (let pfn = arg.start_pfn; pfn < arg.start_pfn + arg.nr_pages; pfn += section) {
    const map = yield* this.$section_mem_map(pfn_to_section_nr(this.c, pfn));
    if (!(map & SECTION_IS_EARLY)) continue;
    const range = `[${hexpad(PFN_PHYS(this.c, pfn), 1)} ${hexpad(PFN_PHYS(this.c, pfn + section), 1)}]`;
    if (action === MEM_OFFLINE) {
      yield* pr_err(`Boot memory ${range} offlined`);
      return 0;
    }
    yield* pr_warn(`Boot memory ${range} offlining attempted`);
    return -this.errno.EPERM;
  }
  return 0;
};

/** v5.7..v5.9: the veto prints no message. */
export const prevent_bootmem_remove_notifier_silent: MemoryNotifier = function* (
  this: Kernel,
  action: number,
  arg: memory_notify,
): Steps<number> {
  if (action !== MEM_GOING_OFFLINE) return 0;
  const section = this.c.PAGES_PER_SECTION;
  for (let pfn = arg.start_pfn; pfn < arg.start_pfn + arg.nr_pages; pfn += section) {
    const map = yield* this.$section_mem_map(pfn_to_section_nr(this.c, pfn));
    if (map & SECTION_IS_EARLY) return -this.errno.EPERM;
  }
  return 0;
};
