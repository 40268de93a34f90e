import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { rcu_read_lock_sched, rcu_read_unlock_sched } from '../../locks.ts';
import { MEMMAP, MIGRATE, page_memmap, page_migratetype, page_zonenum } from '../../mm/page.ts';
import { mapped_page, page_to_nid } from '../../mm/page_access.ts';
import { usage_steps } from '../../mm/sparse.ts';
import { look, R } from '../../ops.ts';
import { NR_MEM_SECTIONS, pfn_to_section_nr } from '../../pfn.ts';
import { SECTION_HAS_MEM_MAP, SECTION_IS_EARLY, SECTION_MARKED_PRESENT } from '../../state.ts';

export const v5_2 = {
  /** Takes no lock: reads start, then start again and size (B68). */
  *zone_spans_pfn(this: Kernel, zone: number, pfn: number): Steps<boolean> {
    if (pfn < (yield* R('zone', zone, 'zone_start_pfn'))) return false;
    return pfn < (yield* this.zone_end_pfn(zone));
  },

  *zone_end_pfn(this: Kernel, zone: number): Steps<number> {
    return (yield* R('zone', zone, 'zone_start_pfn')) + (yield* R('zone', zone, 'spanned_pages'));
  },

  *zone_intersects(this: Kernel, zone: number, start_pfn: number, nr_pages: number): Steps<boolean> {
    if ((yield* R('zone', zone, 'spanned_pages')) === 0) return false;
    const start = yield* R('zone', zone, 'zone_start_pfn');
    return start_pfn < (yield* this.zone_end_pfn(zone)) && start_pfn + nr_pages > start;
  },

  /** SPARSEMEM before sub-sections: a section is valid or not. */
  *pfn_valid(this: Kernel, pfn: number): Steps<boolean> {
    if (pfn_to_section_nr(this.c, pfn) >= NR_MEM_SECTIONS(this.c)) return false;
    const map = yield* this.$section_mem_map(pfn_to_section_nr(this.c, pfn));
    return (map & SECTION_HAS_MEM_MAP) !== 0;
  },

  /** Always true where CONFIG_HOLES_IN_ZONE is off. */
  *pfn_valid_within(this: Kernel, _pfn: number): Steps<boolean> {
    return true;
  },

  /** page_zonenum() has no poison check: a page of all ones gives a zone that does not exist. */
  *is_zone_device_page(this: Kernel, pfn: number): Steps<boolean> {
    const page = yield* mapped_page(this, pfn, yield* this.pfn_to_page(pfn), 'is_zone_device_page');
    return page_memmap(page) === MEMMAP.INIT && page_zonenum(page) === this.c.ZONE_DEVICE;
  },

  *is_migrate_cma_page(this: Kernel, pfn: number): Steps<boolean> {
    return page_migratetype(yield* this.pfn_to_page(pfn)) === MIGRATE.CMA;
  },

  *pfn_in_present_section(this: Kernel, pfn: number): Steps<boolean> {
    if (pfn_to_section_nr(this.c, pfn) >= NR_MEM_SECTIONS(this.c)) return false;
    return ((yield* this.$section_mem_map(pfn_to_section_nr(this.c, pfn))) & SECTION_MARKED_PRESENT) !== 0;
  },

  *pfn_to_nid(this: Kernel, pfn: number, where: string): Steps<number> {
    const page = yield* mapped_page(this, pfn, yield* this.pfn_to_page(pfn), where);
    return yield* page_to_nid(this, pfn, page, where);
  },
};

export const v5_3 = {
  /** Takes no lock: flags, usage pointer and bit are read one after another (B52). */
  *pfn_valid(this: Kernel, pfn: number): Steps<boolean> {
    if (pfn_to_section_nr(this.c, pfn) >= NR_MEM_SECTIONS(this.c)) return false;
    const map = yield* this.$section_mem_map(pfn_to_section_nr(this.c, pfn));
    if (!(map & SECTION_HAS_MEM_MAP)) return false;
    return (map & SECTION_IS_EARLY) !== 0 || (yield* this.pfn_section_valid(pfn));
  },

  *pfn_section_valid(this: Kernel, pfn: number): Steps<boolean> {
    const nr = pfn_to_section_nr(this.c, pfn);
    if ((yield* R('mem_section', nr, 'subsection_map')) === null) {
      yield* this.BUG('pfn_section_valid', 'kernel NULL pointer dereference, address: 0000000000000000');
    }
    return yield* look(usage_steps.test_bit, this.c, nr, pfn);
  },
};

/** v6.8, and 82f0b6f041fa (v6.10) in pfn_section_valid(); both back-ported to 5.10.222 and 6.1.100. */
export const v6_10 = {
  *pfn_valid(this: Kernel, pfn: number): Steps<boolean> {
    if (pfn_to_section_nr(this.c, pfn) >= NR_MEM_SECTIONS(this.c)) return false;
    yield* rcu_read_lock_sched();
    const valid = yield* v5_3.pfn_valid.call(this, pfn);
    yield* rcu_read_unlock_sched();
    return valid;
  },

  *pfn_section_valid(this: Kernel, pfn: number): Steps<boolean> {
    const nr = pfn_to_section_nr(this.c, pfn);
    if ((yield* R('mem_section', nr, 'subsection_map')) === null) return false;
    return yield* look(usage_steps.test_bit, this.c, nr, pfn);
  },
};

/** CONFIG_HOLES_IN_ZONE (arm64 until v5.13). */
export const holes_in_zone = {
  *pfn_valid_within(this: Kernel, pfn: number): Steps<boolean> {
    return yield* this.pfn_valid(pfn);
  },
};
