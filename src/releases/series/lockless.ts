import * as mmzone from '../../kernel/include/linux/mmzone.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import {
  get_online_mems,
  put_online_mems,
  rcu_read_lock_sched,
  rcu_read_unlock_sched,
} from '../../kernel/locks.ts';
import * as pfn_to_online_page from '../../kernel/mm/memory_hotplug/pfn_to_online_page.ts';
import * as zone_span from '../../kernel/mm/memory_hotplug/zone_span.ts';
import type { Page } from '../../kernel/mm/page.ts';
import * as free_page from '../../kernel/mm/page_alloc/free_page.ts';
import * as page_alloc from '../../kernel/mm/page_alloc/page_alloc.ts';
import * as sparse from '../../kernel/mm/sparse.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { v5_10 } from '../mainline/v5.10.ts';
import { v6_1 } from '../mainline/v6.1.ts';
import { v7_2 } from '../mainline/v7.2.ts';

/** Readers that take no lock: kernels before a fix that the modelled trees have, and designs that are not merged. */

const arm64_too = <F extends object>(functions: F) => ({ functions, arch: { arm64: functions } });

/** B52 as 6.1 had it until 6.1.76. */
export const B52_unfixed = defineRelease({
  name: 'v6.1-B52',
  base: v6_1,
  about: '6.1.192 without 5ec8e8ea8b77 and 82f0b6f041fa',
  ...arm64_too({
    $section_invalidate: sparse.v5_3.$section_invalidate,
    pfn_valid: mmzone.v5_3.pfn_valid,
    pfn_section_valid: mmzone.v5_3.pfn_section_valid,
  }),
});

/** The remaining part of B52: the usage is read under RCU there as well. */
export const B52_design = defineRelease({
  name: 'v7.2-B52',
  base: v7_2,
  about: '7.2.13 with pfn_to_online_page() under rcu_read_lock_sched()',
  functions: {
    *pfn_to_online_page(this: Kernel, pfn: number): Steps<Page | null> {
      yield* rcu_read_lock_sched();
      const page = yield* pfn_to_online_page.v5_12.pfn_to_online_page.call(this, pfn);
      yield* rcu_read_unlock_sched();
      return page;
    },
  },
});

/** B89: hotplug waits until the struct pages have been read. */
export const B89_design = defineRelease({
  name: 'v7.2-B89',
  base: v7_2,
  about: '7.2.13 with __pageblock_pfn_to_page() under get_online_mems()',
  functions: {
    *__pageblock_pfn_to_page(this: Kernel, start_pfn: number, end_pfn: number, zone: number): Steps<Page> {
      yield* get_online_mems();
      const page = yield* page_alloc.v6_6.__pageblock_pfn_to_page.call(this, start_pfn, end_pfn, zone);
      yield* put_online_mems();
      return page;
    },
  },
});

/**
 * B68: writers that take the seqlock, and a reader that uses the result of its last round. No release has had both at
 * once.
 */
export const B68_reader = defineRelease({
  name: 'v5.10-B68',
  base: v5_10,
  about: '5.10.223 with page_outside_zone_boundaries() of 6.12.117',
  functions: free_page.v6_6,
});

export const B68_writers = defineRelease({
  name: 'v7.2-B68',
  base: v7_2,
  about: '7.2.13 with the seqlock of a zone span taken to write, as before v5.14',
  functions: {
    $resize_spans: zone_span.v5_2.$resize_spans,
    __remove_zone: zone_span.v5_4.__remove_zone,
  },
});

export const lockless = [B52_unfixed, B52_design, B68_reader, B68_writers, B89_design];
