import type { Descriptor } from '../hardware/descriptor/descriptor.ts';
import { access } from '../hardware/memory/access.ts';
import { erase, writeEntries } from '../hardware/memory/write.ts';
import { type Mmu, readEntry } from '../hardware/mmu.ts';
import { type DsbKind, dsb, isb } from '../hardware/tlb/barriers.ts';
import { type TlbiOp, tlbi } from '../hardware/tlb/tlbi.ts';
import { leaves } from '../hardware/walks/walk.ts';
import type { Failure } from '../steps/failure.ts';
import { NO_PAGE, PageReserved, page_use, USE } from './mm/page.ts';
import { operation } from './ops.ts';
import { hex } from './pfn.ts';
import type { State } from './state.ts';

/**
 * A pointer to an entry of a page table, as a number: its physical address (reached through the linear map); or, below
 * 0, a place in a fixmap slot, which refers to the page that the slot maps now.
 */
export type EntryPointer = number;

/** A slot is wider than a page, because a run of tables may be written through one slot. */
const SLOT_SIZE = 2 ** 32;

/** The first entry of the page that a fixmap slot maps. */
export const fix_to_ptr = (slot: number): EntryPointer => -(slot + 1) * SLOT_SIZE;

/** Physical address of an entry. */
export function resolve(state: State, p: EntryPointer): number {
  if (p >= 0) return p;
  const slot = Math.ceil(-p / SLOT_SIZE) - 1;
  return state.fixmap[slot]! + p - fix_to_ptr(slot);
}

const mmu_of = (state: State): Mmu => state.mmu!;

/** An access to a page table entry outside of any page table: a fault here, although the processor would allow it. */
function no_table(state: State, p: EntryPointer, access: 'read' | 'write'): Failure | undefined {
  const pfn = Math.floor(resolve(state, p) / 2 ** mmu_of(state).t.page_shift);
  // the root is part of the image
  if (pfn === Math.floor(mmu_of(state).root / 2 ** mmu_of(state).t.page_shift)) return undefined;
  const page = state.pages.get(pfn);
  // boot-time tables belong to memblock, the root to the image
  if (page !== NO_PAGE && (PageReserved(page) || page_use(page) === USE.TABLE)) return undefined;
  const wild = page === NO_PAGE;
  const free = page_use(page) === USE.FREE;
  const now = wild ? 'not memory' : free ? 'free' : 'no longer a page table';
  return {
    kind: wild ? 'wild-access' : 'use-after-free',
    subjects: {
      what: 'page table entry',
      access,
      pfn,
      state: wild ? 'no memory' : free ? 'free' : 'no page table any more',
    },
    text: `${access} of a page table entry in pfn ${hex(pfn)}, which is ${now}`,
  };
}

const read_at = operation({
  name: 'read_at',
  obj: 'mmu',
  writes: false,
  entries: (p) => ({ p, n: 1, write: false }),
  fault: (state, p) => no_table(state, p, 'read'),
  tell: (_, found) => found && { kind: 'read', found, n: 1 },
  run: (state: State, p: EntryPointer): Descriptor => readEntry(mmu_of(state), resolve(state, p)),
});
const write_at = operation({
  name: 'write_at',
  obj: 'mmu',
  writes: true,
  entries: (p) => ({ p, n: 1, write: true }),
  fault: (state, p) => no_table(state, p, 'write'),
  tell: ([, value]) => ({ kind: 'written', value, n: 1, exchanged: false }),
  run: (state: State, p: EntryPointer, d: Descriptor): void =>
    writeEntries(mmu_of(state), resolve(state, p), 1, d, 0),
});
const swap_at = operation({
  name: 'swap_at',
  obj: 'mmu',
  writes: true,
  entries: (p) => ({ p, n: 1, write: true }),
  fault: (state, p) => no_table(state, p, 'write'),
  tell: ([, value]) => ({ kind: 'written', value, n: 1, exchanged: true }),
  run: (state: State, p: EntryPointer, d: Descriptor): Descriptor => {
    const old = read_at.run(state, p);
    write_at.run(state, p, d);
    return old;
  },
});
const barrier_dsb = operation({
  name: 'barrier_dsb',
  obj: 'mmu',
  writes: true,
  tables: () => 'order',
  tell: ([of]) => ({ kind: 'dsb', of }),
  run: (state: State, kind: DsbKind): void => dsb(mmu_of(state), kind),
});
const barrier_isb = operation({
  name: 'barrier_isb',
  obj: 'mmu',
  writes: true,
  tables: () => 'order',
  tell: () => ({ kind: 'isb' }),
  run: (state: State): void => isb(mmu_of(state)),
});
const issue = operation({
  name: 'issue',
  obj: 'mmu',
  writes: true,
  tables: () => 'order',
  tell: ([op]) => ({ kind: 'tlbi', op }),
  run: (state: State, op: TlbiOp): void => tlbi(mmu_of(state), op),
});
const clear_pages = operation({
  name: 'clear_pages',
  obj: 'mmu',
  writes: true,
  tables: (pa, size) => ({ pa, size }),
  tell: ([pa, size]) => ({ kind: 'zeroed', pa, size }),
  run: (state: State, phys: number, size: number): void => erase(mmu_of(state), phys, size),
});

/** The first address of [from, to) that no leaf maps; null if all are mapped. */
export const first_unmapped = operation({
  name: 'first_unmapped',
  obj: 'mmu',
  writes: false,
  tables: () => 'any',
  run: (state: State, from: number, to: number): number | null => {
    let at = from;
    for (const leaf of leaves(mmu_of(state), from, to)) {
      if (leaf.start > at) return at;
      at = Math.max(at, leaf.end);
    }
    return at < to ? at : null;
  },
});

export type AccessFault = 'translation' | 'permission';

/** The fault that an access of this CPU may cause, now or because it was fetched too early or long ago. */
export const fault_of = operation({
  name: 'fault_of',
  obj: 'mmu',
  writes: false,
  tables: () => 'any',
  run(state: State, va: number, write: boolean): AccessFault | null {
    const faults = access(mmu_of(state), va, write).flatMap((outcome) =>
      'fault' in outcome ? outcome.fault : [],
    );
    if (faults.length === 0) return null;
    return faults.includes('permission') ? 'permission' : 'translation';
  },
  tell: ([va, write], fault) => ({ kind: 'touched', va, write, fault: fault ?? null }),
});

/** clear_page() of a table, through any of its mappings. */
export const clear_page = operation({
  name: 'clear_page',
  obj: 'mmu',
  writes: true,
  entries: (p, size) => ({ p, n: size / 8, write: true }),
  fault: (state, p) => no_table(state, p, 'write'),
  tell: () => ({ kind: 'does', what: 'clear_page(table)' }),
  run: (state: State, p: EntryPointer, size: number): void => erase(mmu_of(state), resolve(state, p), size),
});

/** The effects of single steps on the memory management unit, and on memory that holds page tables. */
export const mmu_steps = {
  read_at,
  write_at,
  swap_at,
  barrier_dsb,
  barrier_isb,
  issue,
  clear_pages,
};
