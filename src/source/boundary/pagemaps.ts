import type { Int64 } from '../../ir/read/values.ts';
import type { Kernel, vmem_altmap } from '../../kernel/kernel.ts';
import { pagemap_key } from '../../kernel/mm/pgmap_array.ts';
import { look, operation } from '../../kernel/ops.ts';
import type { dev_pagemap, State } from '../../kernel/state.ts';
import type { Steps } from '../../steps/step.ts';
import { ZERO } from '../values.ts';

/** struct dev_pagemap_ops: which functions there are. None is called. */
export interface PagemapOps {
  readonly migrate_to_ram: true;
  /** Since v6.19 folio_free. */
  readonly page_free: true;
  readonly folio_free: true;
}

/** struct dev_pagemap: what the C reads and writes while it maps or unmaps one. */
export interface Pagemap {
  /** Of the model's dev_pagemap. */
  readonly key: number;
  readonly type: dev_pagemap['type'];
  readonly range: { readonly start: number; readonly end: number };
  readonly altmap: vmem_altmap | null;
  /** The order of its compound pages. */
  readonly vmemmap_shift: number;
  /** Ranges that are to be mapped, or that are. */
  nr_range: number;
  /** Until v5.16 a pointer: NULL, or to internal_ref. */
  ref: Int64 | 'internal_ref';
  readonly ops: PagemapOps | null;
  readonly owner: true;
  readonly flags: number;
}

export const isPagemap = (object: object): object is Pagemap => 'vmemmap_shift' in object;

const OPS: PagemapOps = { migrate_to_ram: true, page_free: true, folio_free: true };

/** Looking up the pagemap of a caller is no step of the kernel. */
const pagemapOfKey = operation({
  name: 'pagemap_of_key',
  obj: 'dev_pagemap',
  writes: false,
  tell: () => ({ kind: 'books' }),
  run(state: State, key: number): Pagemap | null {
    const found = state.dev_pagemap.get(key);
    if (!found) return null;
    const { type, start, end, altmap, vmemmap_shift, mapped } = found;
    return {
      ...{ key, type, altmap, vmemmap_shift },
      range: { start, end },
      nr_range: 1,
      ref: mapped ? 'internal_ref' : ZERO,
      ops: type === 'private' ? OPS : null,
      owner: true,
      // PGMAP_ALTMAP_VALID
      flags: altmap ? 1 : 0,
    };
  },
});

const keyOfAddress = operation({
  name: 'key_of_address',
  obj: 'dev_pagemap',
  writes: false,
  tell: () => ({ kind: 'books' }),
  run: pagemap_key,
});

const nodeOf = operation({
  name: 'node_of_pagemap',
  obj: 'dev_pagemap',
  writes: false,
  tell: () => ({ kind: 'books' }),
  run: (state: State, key: number): number => state.dev_pagemap.get(key)!.nid,
});

/** The node that the caller of memremap_pages() names. */
export const nodeOfPagemap = (key: number): Steps<number> => look(nodeOf, key);

/** The C's struct for a pagemap of the model; null for the key 0. */
export const pagemapOf = (key: number): Steps<Pagemap | null> => look(pagemapOfKey, key);

/** The key of the pagemap in pgmap_array that has a pfn; 0 for none. */
export const pagemapKeyAt = (k: Kernel, pfn: number): Steps<number> =>
  look(keyOfAddress, pfn * k.c.PAGE_SIZE);

/** The pagemap that is being mapped or unmapped there, as the kernel passes it down. */
export function* pagemapAt(k: Kernel, pfn: number): Steps<Pagemap | null> {
  return yield* pagemapOf(yield* pagemapKeyAt(k, pfn));
}
