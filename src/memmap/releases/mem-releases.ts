import { currentName } from '../../releases/former-names.ts';
import { ERRNO } from '../../steps/errno.ts';
import * as bootmem_info from '../kernel/bootmem_info.ts';
import type { MemConfig } from '../kernel/config.ts';
import type { MemFunctions, MemKernel } from '../kernel/functions.ts';
import * as clear from '../kernel/hugetlb/clear.ts';
import * as copy from '../kernel/hugetlb/copy.ts';
import * as follow from '../kernel/hugetlb/follow.ts';
import * as free from '../kernel/hugetlb/free.ts';
import * as hstate from '../kernel/hugetlb/hstate.ts';
import * as mem_map from '../kernel/hugetlb/mem_map.ts';
import * as prep from '../kernel/hugetlb/prep.ts';
import * as memory_model from '../kernel/memory_model.ts';
import * as pfn_valid from '../kernel/pfn_valid.ts';
import * as section from '../kernel/sparse.ts';

/**
 * Releases whose struct pages are addresses. The table is separate from defineRelease(): half of them are no hotplug
 * releases of this model, ppc64 is none of its architectures, and they have no zones, blocks or page tables.
 */
export interface MemRelease {
  readonly name: string;
  readonly about: string;
  readonly base: MemRelease | null;
  readonly functions: Partial<MemFunctions>;
  readonly arm64: Partial<MemFunctions>;
  /** Sections of arm64 with 4K and 16K pages are 128M from v5.12 on, 1G before (asm/sparsemem.h). */
  readonly arm64_small_sections: boolean;
  /** arm64 can remove memory (v5.7). */
  readonly arm64_hotremove: boolean;
  /**
   * The architectures whose memmap is SPARSEMEM_VMEMMAP and nothing else: arm64 selects it (6.1.192
   * arch/arm64/Kconfig:1511); later mm/Kconfig no longer asks (7.2.13 mm/Kconfig:458). "tiny" stands for those.
   */
  readonly vmemmap_only: readonly string[];
}

interface Definition extends Partial<Omit<MemRelease, 'functions'>> {
  readonly name: string;
  readonly about: string;
  readonly functions: Partial<MemFunctions>;
}

const define = ({ base = null, functions, arm64 = {}, ...own }: Definition): MemRelease => ({
  arm64_small_sections: base?.arm64_small_sections ?? false,
  arm64_hotremove: base?.arm64_hotremove ?? false,
  vmemmap_only: base?.vmemmap_only ?? [],
  ...own,
  base,
  functions: { ...base?.functions, ...functions },
  arm64: { ...base?.arm64, ...arm64 },
});

/** A kernel of this release with this configuration. */
export const makeMemKernel = (release: MemRelease, c: MemConfig): MemKernel =>
  ({
    ...release.functions,
    ...(c.arch === 'arm64' ? release.arm64 : {}),
    c,
    errno: ERRNO,
    release: release.name,
  }) as MemKernel;

const v2627 = define({
  name: 'v2.6.27',
  about: '2.6.27-rc7, before any of the gigantic page fixes',
  functions: {
    ...clear.v2_6_27,
    ...copy.v2_6_27,
    ...follow.v2_6_27,
    ...free.v2_6_27,
    ...hstate.v2_6_27,
    ...memory_model.v2_6_27,
    ...pfn_valid.v2_6_27,
    ...prep.v2_6_27,
    ...section.v2_6_27,
  },
});

const S4Part1 = define({
  name: 'gigantic-part1',
  base: v2627,
  about: '2.6.27-rc7 with the first patch for gigantic pages (October 2008): prep alone',
  functions: prep.gigantic_part1,
});

const S4V1 = define({
  name: 'gigantic-v1',
  base: S4Part1,
  about: 'gigantic compound pages part 2 (October 2008), first version: the boundary test in every loop',
  functions: { ...mem_map.gigantic, ...clear.gigantic_v1, ...copy.gigantic_v1, ...follow.gigantic },
});

const S4V2 = define({
  name: 'gigantic-v2',
  base: S4V1,
  about: 'gigantic compound pages part 2, second version: loops of their own for gigantic pages',
  functions: {
    ...clear.gigantic_v2,
    ...copy.gigantic_v2,
    prep_compound_page: prep.v2_6_27.prep_compound_page,
    ...prep.v2_6_28,
  },
});

const S4Vmemmap = define({
  name: 'gigantic-vmemmap',
  base: v2627,
  about: 'what a reviewer of that series proposed: gigantic pages depend on SPARSEMEM_VMEMMAP',
  functions: hstate.gigantic_vmemmap,
});

const v2628 = define({ name: 'v2.6.28', base: S4V2, about: '2.6.28', functions: {} });
const B95 = define({
  name: 'v2.6.28-B95',
  base: v2628,
  about: '2.6.28 without pfn_valid() in mem_map_next()',
  functions: mem_map.B95,
});
const B97 = define({
  name: 'v2.6.28-B97',
  base: v2628,
  about: '2.6.28 that frees gigantic pages',
  functions: free.B97,
});

const v52 = define({
  name: 'v5.2',
  base: v2628,
  about: '5.2.1',
  functions: {
    ...bootmem_info.v5_2,
    ...mem_map.v5_2,
    ...clear.v5_2,
    ...copy.v5_2,
    ...follow.v5_2,
    ...free.v5_2,
    ...prep.v5_2,
    ...section.v5_2,
  },
  arm64: pfn_valid.arm64_v5_2,
});
const B93 = define({
  name: 'v5.2-B93',
  base: v52,
  about: '5.2.1 without mem_map_offset() in follow_hugetlb_page()',
  functions: follow.B93,
});
const S3 = define({
  name: 'subsections',
  base: v52,
  about: '5.2.1 with sub-section memory hotplug, version 10 (June 2019)',
  functions: { ...pfn_valid.v5_3, ...section.v5_3 },
});
const v53 = define({
  name: 'v5.3',
  base: v52,
  about: '5.3.1',
  functions: { ...pfn_valid.v5_3, ...section.v5_3 },
});
const v5418 = define({
  name: 'v5.4.18',
  base: v53,
  about: '5.4.18',
  functions: section.v5_4,
});
const v56Rc5 = define({
  name: 'v5.6-rc5',
  base: v5418,
  about: '1f503443e7df and not yet d41e2f3bd546',
  functions: section.v5_6_rc5,
});
const v56Rc7 = define({
  name: 'v5.6-rc7',
  base: v56Rc5,
  about: 'd41e2f3bd546 and not yet b943f045a9af',
  functions: section.v5_6_rc7,
});
const v54 = define({ name: 'v5.4', base: v5418, about: '5.4.195', functions: section.v5_7_deactivate });
const v57 = define({
  name: 'v5.7',
  base: v54,
  about: '5.7.14',
  functions: section.v5_7,
  arm64_hotremove: true,
});
const v510 = define({
  name: 'v5.10',
  base: v57,
  about: '5.10.7',
  functions: { ...section.v5_10, ...hstate.v5_8 },
});
const v512 = define({
  name: 'v5.12',
  base: v510,
  about: 'v5.12: pfn_valid() and pfn_to_online_page() know device memory',
  functions: { ...pfn_valid.v5_12, ...section.v5_15, ...free.v5_12 },
  arm64: pfn_valid.arm64_v5_12,
  arm64_small_sections: true,
});
const v515 = define({
  name: 'v5.15',
  base: v512,
  about: '5.15.100',
  vmemmap_only: ['arm64'],
  functions: {},
  arm64: { ...pfn_valid.v5_3, pfn_valid_within: pfn_valid.v2_6_27.pfn_valid_within },
});
const v61 = define({
  name: 'v6.1',
  base: v515,
  about: '6.1.192',
  functions: { ...pfn_valid.v6_1, ...clear.v6_1, ...copy.v6_1, ...follow.v6_1, ...free.v6_1, ...prep.v6_1 },
  arm64: pfn_valid.v6_1,
});
const v612 = define({
  name: 'v6.12',
  base: v61,
  about: '6.12.117',
  functions: { ...clear.v6_12, ...copy.v6_12, ...free.v6_12, ...prep.v6_12 },
});
const v72 = define({
  name: 'v7.2',
  base: v612,
  about: '7.2.13',
  vmemmap_only: ['arm64', 'ppc64', 'tiny', 'x86_64'],
  functions: {
    ...bootmem_info.v7_1,
    ...clear.v7_1,
    ...copy.v7_1,
    ...follow.v7_1,
    ...prep.v7_1,
  },
});

/** Mainline releases in order, which a range such as "v5.12+" may name. */
export const memMainline: readonly MemRelease[] = [
  ...[v2627, v2628, v52, v53, v54, v57, v510, v512, v515, v61, v612, v72],
];

/** All of them by name, in order. */
export const memReleases: ReadonlyMap<string, MemRelease> = new Map(
  [
    ...[v2627, S4Part1, S4V1, S4V2, S4Vmemmap, v2628, B95, B97],
    ...[v52, B93, S3, v53, v5418, v54, v56Rc5, v56Rc7, v57, v510, v512, v515, v61, v612, v72],
  ].map((release) => [release.name, release]),
);

/** A release with struct pages as addresses by its name, or by its former name. */
export const findMemRelease = (name: string): MemRelease | undefined => memReleases.get(currentName(name));
