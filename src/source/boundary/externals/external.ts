import type { Int64 } from '../../../ir/read/values.ts';
import type { Kernel, vmem_altmap } from '../../../kernel/kernel.ts';
import type { EntryPointer } from '../../../kernel/mmu.ts';
import type { Steps } from '../../../steps/step.ts';
import { wordOf, ZERO } from '../../values.ts';
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

export const altmapAt = (site: Site, at: Int64): vmem_altmap | null =>
  site.objectAt(at) as vmem_altmap | null;
