import type { Int64 } from '../../../ir/read/values.ts';
import type { Kernel, mhp_params, vmem_altmap } from '../../../kernel/kernel.ts';
import type { EntryPointer } from '../../../kernel/mmu.ts';
import type { Steps } from '../../../steps/step.ts';
import { descriptorOf, equal, wordOf, ZERO } from '../../values.ts';
import { isPagemap, type Pagemap, pagemapKeyAt } from '../pagemaps.ts';
import type { Site, Standing } from '../site.ts';

/** A function that the bundle's files call and do not define. */
export interface External {
  readonly is: Standing;
  /** Its result; 0 for none. */
  run?(site: Site): Steps<Int64>;
}

export type Externals = Readonly<Record<string, External>>;

/** A function that the model has. */
export const kernel = (
  run: (k: Kernel, args: readonly Int64[], site: Site) => Steps<number | undefined>,
): External => ({
  is: 'modelled',
  *run(site) {
    const result = yield* run(site.k, site.args, site);
    return result === undefined ? ZERO : wordOf(result);
  },
});

/** A function whose result does not depend on the state. */
export const answers = (is: Standing, value: (k: Kernel) => number): External => ({
  is,
  *run({ k }) {
    return wordOf(value(k));
  },
});

/** The entry of a page table at a pointer. */
export function entryAt(site: Site, at: Int64): EntryPointer {
  const place = site.place(at);
  return place.kind === 'memory' ? place.p : site.stop('a pointer to what is no page table entry');
}

/** The page of a struct page, or of what lies over it: a folio, a ptdesc. */
export function pfnOf(site: Site, at: Int64): number {
  const place = site.place(at);
  return place.kind === 'struct page' && place.offset === 0
    ? place.pfn
    : site.stop('a pointer to what is no struct page');
}

/** The altmap at a pointer: one of its own, or that in a dev_pagemap. */
export function altmapAt(site: Site, at: Int64): vmem_altmap | null {
  if (equal(at, ZERO)) return null;
  const { object, offset } = site.objectAround(at);
  if (!isPagemap(object)) return site.objectAt(at) as vmem_altmap | null;
  return offset === site.program.member('dev_pagemap', 'altmap').offset
    ? object.altmap
    : site.stop('a pointer into a dev_pagemap, to no altmap');
}

export const pagemapKeyOf = (site: Site, at: Int64): number =>
  (site.objectAt(at) as Pagemap | null)?.key ?? 0;

/**
 * Holds that a dev_pagemap that C passes down, as it does since some release, is the one that the model looks up there; a
 * function that takes none passes nothing.
 */
export function* checkPagemap(site: Site, at: Int64 | undefined, pfn: number): Steps<void> {
  if (at && pagemapKeyOf(site, at) !== (yield* pagemapKeyAt(site.k, pfn)))
    site.stop('another dev_pagemap than that of the memory');
}

/** struct mhp_params: an argument of the model's caller, or a variable of a function of C. */
export function* paramsAt(site: Site, at: Int64): Steps<mhp_params> {
  if (site.place(at).kind === 'object') return site.objectAt(at) as mhp_params;
  const member = (name: string): Steps<Int64> => {
    const { offset } = site.program.member('mhp_params', name);
    return site.read({ lo: at.lo + offset, hi: at.hi }, 8);
  };
  return {
    altmap: altmapAt(site, yield* member('altmap')),
    // since v5.17; before nobody below asks
    pgmap: site.program.memberIfAny('mhp_params', 'pgmap') ? pagemapKeyOf(site, yield* member('pgmap')) : 0,
    pgprot: descriptorOf(yield* member('pgprot')).attr,
  };
}
