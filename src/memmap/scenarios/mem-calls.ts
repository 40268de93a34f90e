import { BadOperation } from '../../errors/bad-operation.ts';
import type { Steps } from '../../steps/step.ts';
import type { MemModel } from '../boot/memmap-boot.ts';
import type { MemKernel } from '../kernel/functions.ts';
import { order_of } from '../kernel/hugetlb/hstate.ts';
import { pfn_to_pointer } from '../kernel/memory_model.ts';
import { COUNT_SHIFT, PG_locked } from '../kernel/world.ts';
import { copied, type Found, singles, tails, zeroed } from './mem-checks.ts';
import type { MemStep } from './mem-schema.ts';

/** The kernel call for a step of a scenario. */

const hex = (n: number): string => `0x${n.toString(16)}`;

/** A call, its text as a person would write it, and the checks after it. */
export interface MemCall {
  readonly text: string;
  readonly thread: () => Steps<unknown>;
  readonly after?: () => Iterable<Found>;
  /** Whether sections may be added or removed. */
  readonly sections?: true;
  /** The order of the huge page, if the code path taken matters. */
  readonly order?: number;
}

/** @throws BadOperation if the step cannot be performed as written */
export function memCall(model: MemModel, { kind, step }: MemStep): MemCall {
  const { kernel: k, world } = model;
  const { c } = k;
  const pfnOf = (at: number): number => {
    if (at % c.PAGE_SIZE) throw new BadOperation(`${hex(at)} is not a multiple of the page size`);
    return at / c.PAGE_SIZE;
  };
  const pointer = (at: number): number => {
    const page = world.places.get(pfn_to_pointer.run(world, c, pfnOf(at)) ?? 0);
    if (typeof page !== 'number') throw new BadOperation(`${hex(at)} has no struct page`);
    return pfn_to_pointer.run(world, c, pfnOf(at))!;
  };
  const order = (size: number): number => {
    const n = order_of(c, size);
    if (!Number.isInteger(n) || n < 1) throw new BadOperation(`${hex(size)} is not a size of a huge page`);
    return n;
  };
  const at = (start: number, size: number): string => `${hex(start)}+${hex(size)}`;
  switch (kind) {
    case 'hugepagesz':
      return { text: `hugepagesz=${step.size}`, thread: () => k.hugepagesz_setup(step.size) };
    case 'prep': {
      const [page, n] = [pointer(step.start), order(step.size)];
      return {
        text: `gather_bootmem_prealloc ${at(step.start, step.size)}`,
        thread: () => k.gather_bootmem_prealloc(page, n),
        after: () => tails(world, c, pfnOf(step.start), 2 ** n),
        order: n,
      };
    }
    case 'clear': {
      const [page, n] = [pointer(step.start), order(step.size)];
      return {
        text: `hugetlb_no_page ${at(step.start, step.size)}`,
        thread: () => k.hugetlb_no_page(page, n),
        after: () => zeroed(world, pfnOf(step.start), 2 ** n),
        order: n,
      };
    }
    case 'copy': {
      const [dst, src, n] = [pointer(step.to), pointer(step.from), order(step.size)];
      return {
        text: `hugetlb_cow ${at(step.from, step.size)} to ${hex(step.to)}`,
        thread: () => k.hugetlb_cow(dst, src, n),
        after: () => copied(world, pfnOf(step.to), pfnOf(step.from), 2 ** n),
        order: n,
      };
    }
    case 'follow': {
      const page = pointer(step.start);
      if (step.offset + step.length > step.size)
        throw new BadOperation(`${at(step.offset, step.length)} reaches past the page of ${hex(step.size)}`);
      const [first, n] = [pfnOf(step.offset), pfnOf(step.length)];
      return {
        text: `get_user_pages ${at(step.offset, step.length)} of the page at ${hex(step.start)}`,
        thread: () => k.follow_hugetlb_page(page, first, n),
      };
    }
    case 'free': {
      const [page, n] = [pointer(step.start), order(step.size)];
      return {
        text: `update_and_free_page ${at(step.start, step.size)}`,
        thread: () => k.update_and_free_page(page, n),
        after: () => singles(world, pfnOf(step.start), 2 ** n),
      };
    }
    case 'hold':
    case 'lock': {
      const [first, n] = [pfnOf(step.start), pfnOf(step.size)];
      pointer(step.start);
      return {
        text: `${kind === 'hold' ? 'one more reference to' : 'locked:'} ${at(step.start, step.size)}`,
        *thread() {
          world.pages.update(first, first + n, (word) =>
            kind === 'hold' ? word + (1 << COUNT_SHIFT) : word | PG_locked,
          );
        },
      };
    }
    case 'add':
    case 'remove':
    case 'memory_present':
      return sectionCall(k, kind, step.start, step.size, 'node' in step ? step.node : 0);
    case 'pfn_valid':
      return {
        text: `pfn_valid(${hex(pfnOf(step.start))})`,
        *thread() {
          return (yield* k.pfn_valid(pfnOf(step.start))) === step.is ? 0 : -k.errno.EINVAL;
        },
      };
  }
}

/** The parts of a range that lie in one section each, in order. */
function sectionCall(
  k: MemKernel,
  kind: 'add' | 'remove' | 'memory_present',
  start: number,
  size: number,
  nid: number,
): MemCall {
  const { c } = k;
  const unit =
    (c.memory_model === 'SPARSEMEM_VMEMMAP' ? c.PAGES_PER_SUBSECTION : c.PAGES_PER_SECTION) * c.PAGE_SIZE;
  if (!('section_activate' in k) || !c.memory_model.startsWith('SPARSEMEM'))
    throw new BadOperation(`not modelled: sections that come and go with ${c.memory_model} on ${k.release}`);
  if (start % unit || size % unit || size === 0)
    throw new BadOperation(`${hex(start)}+${hex(size)} is not a multiple of ${hex(unit)}`);
  const parts = function* (): Generator<readonly [number, number]> {
    for (let pfn = start / c.PAGE_SIZE; pfn < (start + size) / c.PAGE_SIZE; ) {
      const end = Math.min(
        (start + size) / c.PAGE_SIZE,
        pfn - (pfn % c.PAGES_PER_SECTION) + c.PAGES_PER_SECTION,
      );
      yield [pfn, end - pfn];
      pfn = end;
    }
  };
  const name = {
    add: 'sparse_add_section',
    remove: 'section_deactivate',
    memory_present: 'memory_present',
  }[kind];
  return {
    text: `${name} ${hex(start)}+${hex(size)}`,
    sections: true,
    *thread() {
      for (const [pfn, n] of parts()) {
        if (kind === 'remove') yield* k.section_deactivate(pfn, n);
        else if (kind === 'memory_present')
          yield* k.memory_present(Math.floor(pfn / c.PAGES_PER_SECTION), nid);
        else {
          const ret = yield* k.sparse_add_section(nid, pfn, n);
          if (ret < 0) return ret;
        }
      }
      return 0;
    },
  };
}
