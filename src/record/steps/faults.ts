import type { FAIL_SITES } from '../../scenarios/steps/machine/fail.ts';
import type { Performer } from './performer.ts';

/** Allocations that fail: the function that makes one, and nothing before it, returns at once with its error. */

type Site = (typeof FAIL_SITES)[number];

/** The function of a site by its names in releases, and what it returns for want of memory. */
const FUNCTIONS: { readonly [K in Site]?: { readonly names: readonly string[]; readonly result: bigint } } = {
  vmemmap_populate: { names: ['vmemmap_populate'], result: -12n },
  memory_block: { names: ['add_memory_block', 'init_memory_block'], result: -12n },
  node_device: { names: ['__register_one_node', 'register_node'], result: -12n },
  online_types: { names: ['offline_and_remove_memory'], result: -12n },
  // include/linux/xarray.h: XA_ERROR(-ENOMEM)
  xa_store: { names: ['xa_store'], result: (-12n << 2n) | 2n },
  memblock_double_array: { names: ['memblock_double_array'], result: -1n },
};

export const fail: Performer<'fail'> = {
  refuses: ({ site }) =>
    FUNCTIONS[site] === undefined ? `no function of the kernel does the allocation "${site}" alone` : null,
  async *perform({ guest }, { site, times, after }) {
    const { names, result } = FUNCTIONS[site]!;
    const name = names.find((one) => guest.symbols.has(one)) ?? names[0]!;
    await guest.fail({ name, times, after, result });
    yield { op: 'fail', site, times, after, function: name };
  },
};
