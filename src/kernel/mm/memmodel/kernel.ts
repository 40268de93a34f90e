import type { ERRNO } from '../../../steps/errno.ts';
import type * as clear from '../hugetlb/clear.ts';
import type * as copy from '../hugetlb/copy.ts';
import type * as follow from '../hugetlb/follow.ts';
import type * as free from '../hugetlb/free.ts';
import type * as hstate from '../hugetlb/hstate.ts';
import type * as mem_map from '../hugetlb/mem_map.ts';
import type * as prep from '../hugetlb/prep.ts';
import type * as bootmem_info from './bootmem_info.ts';
import type { MemConfig } from './config.ts';
import type * as memory_model from './memory_model.ts';
import type * as pfn_valid from './pfn_valid.ts';
import type * as section from './section.ts';

type Base = typeof bootmem_info.v5_2 &
  typeof clear.v2_6_27 &
  typeof copy.v2_6_27 &
  typeof follow.v2_6_27 &
  typeof free.v2_6_27 &
  typeof hstate.v2_6_27 &
  typeof memory_model.v2_6_27 &
  typeof pfn_valid.v2_6_27 &
  typeof prep.v2_6_27 &
  typeof section.v5_3;

type Later = typeof clear.S4_v2 &
  typeof clear.v5_2 &
  typeof clear.v6_12 &
  typeof copy.S4_v2 &
  typeof copy.v5_2 &
  typeof copy.v6_12 &
  typeof free.v5_2 &
  typeof mem_map.S4 &
  typeof mem_map.v5_2 &
  typeof prep.v2_6_28 &
  typeof prep.v6_12 &
  typeof section.v5_4 &
  typeof follow.S4;

/** What a later release adds. One that changes its parameters is called by callers of the same release alone. */
type Introduced<New, Old> = Omit<New, keyof Old>;

/** Functions on struct page pointers, by kernel name. */
export interface MemFunctions extends Base, Introduced<Later, Base> {}

/**
 * A kernel as far as struct pages are addresses. It stands apart from the hotplug kernel, whose struct pages are values
 * without a place: 2.6.27 on ppc64 is no hotplug release of the model, and has neither its zones nor its page tables.
 */
export interface MemKernel extends MemFunctions {
  readonly c: MemConfig;
  readonly errno: typeof ERRNO;
  readonly release: string;
}
