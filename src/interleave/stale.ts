import type { Config } from '../kernel/config.ts';
import { get_page } from '../kernel/include/asm-generic/memory_model.ts';
import { slot_steps } from '../kernel/mm/memblock/slots.ts';
import { NO_PAGE, PageReserved, page_use, USE } from '../kernel/mm/page.ts';
import { usage_steps } from '../kernel/mm/sparse.ts';
import { resolve } from '../kernel/mmu.ts';
import type { KernelOperation } from '../kernel/operation.ts';
import { hex } from '../kernel/pfn.ts';
import { MEMBLOCK_MEMORY, type State } from '../kernel/state.ts';
import type { Fault } from '../schedule/program/machine.ts';
import type { CallStep, Step } from '../steps/step.ts';

/** What a step finds through a pointer that has outlived what it pointed to. Run alone, code never does that. */
export function stale_pointer(c: Config, state: State, step: Step): Fault | undefined {
  if (step.op !== 'call') return undefined;
  const args = step.args as readonly number[];
  switch (step.operation as unknown) {
    case get_page:
      return stale_page(state, args[0]!);
    case usage_steps.test_bit:
      return stale_usage(state, args[1]!);
    case slot_steps.slot:
      return stale_regions(state, args[0]!, args[1]!);
    default:
      return stale_table(c, state, step);
  }
}

function stale_page(state: State, pfn: number): Fault | undefined {
  if (state.pages.get(pfn) !== NO_PAGE) return undefined;
  return {
    kind: 'wild-access',
    subjects: { what: 'struct page', access: 'read', pfn, state: 'no struct page' },
    text: `read of the struct page of pfn ${hex(pfn)}, which has none`,
  };
}

function stale_usage(state: State, nr: number): Fault | undefined {
  if (!usage_steps.is_freed(state, nr)) return undefined;
  return {
    kind: 'use-after-free',
    subjects: { what: 'usage', access: 'read', section: nr, state: 'free' },
    text: `read of the usage of section ${nr}, which is free`,
  };
}

function stale_regions(state: State, type: number, array: number): Fault | undefined {
  if (!slot_steps.is_freed(state, type, array)) return undefined;
  const object = `memblock.${type === MEMBLOCK_MEMORY ? 'memory' : 'reserved'}.regions`;
  return {
    kind: 'use-after-free',
    subjects: { what: 'regions', access: 'read', object, state: 'free' },
    text: `read of what was ${object}, which is free`,
  };
}

/** An access to a page table entry where there is no page table: a fault, although the processor would not mind. */
function stale_table(c: Config, state: State, step: CallStep): Fault | undefined {
  const entry = (step.operation as KernelOperation).entries?.(...step.args);
  if (!entry) return undefined;
  const pa = resolve(state, entry.p);
  const pfn = Math.floor(pa / c.PAGE_SIZE);
  const page = state.pages.get(pfn);
  // tables of boot time are memblock's, the root the image's
  if (page !== NO_PAGE && (PageReserved(page) || page_use(page) === USE.TABLE)) return undefined;
  const access = entry.write ? 'write' : 'read';
  const wild = page === NO_PAGE;
  const now = wild ? 'no memory' : page_use(page) === USE.FREE ? 'free' : 'no page table any more';
  return {
    kind: wild ? 'wild-access' : 'use-after-free',
    subjects: { what: 'page table entry', access, pfn, state: now },
    text: `${access} of a page table entry in pfn ${hex(pfn)}, which is ${now}`,
  };
}
