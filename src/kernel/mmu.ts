import { va_text } from '../geometry/translation.ts';
import { type DsbKind, dsb, isb } from '../hardware/barriers.ts';
import type { Descriptor } from '../hardware/descriptor.ts';
import { type Mmu, read_entry } from '../hardware/mmu.ts';
import { type TlbiOp, tlbi } from '../hardware/tlbi.ts';
import { erase, write_entries } from '../hardware/write.ts';
import { operation } from './ops.ts';
import type { State } from './state.ts';

/**
 * A pointer to an entry of a page table is a number: its physical address, reached through the linear map, or, below 0, a
 * place in a fixmap slot, which is in whatever page the slot maps now.
 */
export type EntryPointer = number;

/** A run of tables may be written through one slot, so a slot is wider than a page. */
const SLOT_SIZE = 2 ** 32;

/** First entry of the page that a fixmap slot maps. */
export const fix_to_ptr = (slot: number): EntryPointer => -(slot + 1) * SLOT_SIZE;

/** Physical address of an entry. */
export function resolve(state: State, p: EntryPointer): number {
  if (p >= 0) return p;
  const slot = Math.ceil(-p / SLOT_SIZE) - 1;
  return state.fixmap[slot]! + p - fix_to_ptr(slot);
}

function tlbi_text({ by, va, pages = 1, last_level, broadcast }: TlbiOp): string {
  const is = broadcast ? 'is' : '';
  if (by === 'all') return `tlbi vmalle1${is}`;
  const what = `tlbi ${last_level ? 'vaale1' : 'vaae1'}${is}, ${va_text(va!)}`;
  return pages === 1 ? what : `${what} and ${pages - 1} pages more`;
}

const mmu_of = (state: State): Mmu => state.mmu!;
const read_at = operation({
  name: 'read_at',
  obj: 'mmu',
  writes: false,
  entries: (p) => ({ p, n: 1, write: false }),
  tell: (_, found) => ({ kind: 'read', found, n: 1 }),
  run: (state: State, p: EntryPointer): Descriptor => read_entry(mmu_of(state), resolve(state, p)),
});
const write_at = operation({
  name: 'write_at',
  obj: 'mmu',
  writes: true,
  entries: (p) => ({ p, n: 1, write: true }),
  tell: ([, value]) => ({ kind: 'written', value, n: 1, exchanged: false }),
  run: (state: State, p: EntryPointer, d: Descriptor): void =>
    write_entries(mmu_of(state), resolve(state, p), 1, d, 0),
});
const swap_at = operation({
  name: 'swap_at',
  obj: 'mmu',
  writes: true,
  entries: (p) => ({ p, n: 1, write: true }),
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
  tell: ([kind]) => ({ kind: 'instruction', text: `dsb ${kind}` }),
  run: (state: State, kind: DsbKind): void => dsb(mmu_of(state), kind),
});
const barrier_isb = operation({
  name: 'barrier_isb',
  obj: 'mmu',
  writes: true,
  tables: () => 'order',
  tell: () => ({ kind: 'instruction', text: 'isb' }),
  run: (state: State): void => isb(mmu_of(state)),
});
const issue = operation({
  name: 'issue',
  obj: 'mmu',
  writes: true,
  tables: () => 'order',
  tell: ([op]) => ({ kind: 'instruction', text: tlbi_text(op) }),
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

/** What one step does to the memory management unit, and to memory where page tables are. */
export const mmu_steps = {
  read_at,
  write_at,
  swap_at,
  barrier_dsb,
  barrier_isb,
  issue,
  clear_pages,
};
