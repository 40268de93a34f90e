import { entryIndex, type LevelName } from '../../../../../geometry/translation.ts';
import type { Steps } from '../../../../../steps/step.ts';
import { READ_ONCE, table_page } from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { type EntryPointer, fix_to_ptr } from '../../../../mmu.ts';
import { change, operation } from '../../../../ops.ts';
import { hex } from '../../../../pfn.ts';
import type { State } from '../../../../state.ts';
import { DSB, ISB } from './barrier.ts';

/**
 * arch/arm64/include/asm/fixmap.h and pgtable.h: the slots through which __create_pgd_mapping() writes table pages, one
 * per level, shared by all threads that map (B39). FIX_PGD is used only by set_swapper_pgd. The page of the slots' own
 * entries is not modelled.
 */

export const FIX = { PTE: 0, PMD: 1, PUD: 2, P4D: 3 } as const;
/** "FIX_PTE" */
const fix_name = (slot: number): string => `FIX_${Object.keys(FIX)[slot]!}`;
export type Slotted = keyof typeof FIX & LevelName;

export const set_slot = operation({
  name: 'set_slot',
  obj: 'mmu',
  writes: true,
  changes: ['fixmap'],
  tables: () => 'any',
  run(state: State, slot: number, phys: number): void {
    state.fixmap = state.fixmap.with(slot, phys);
  },
  tell: ([slot, phys]) => ({
    kind: 'does',
    what: phys === 0 ? `clear_fixmap(${fix_name(slot)})` : `set_fixmap(${fix_name(slot)}, ${hex(phys)})`,
  }),
});

/** The flush when a slot is cleared: it settles every write before it. */
export function* flush_fixmap_slot(): Steps<void> {
  yield* DSB('ishst');
  yield* DSB('ish');
  yield* ISB();
}

/** A page in the slot of its level. */
export function* set_fixmap(name: Slotted, phys: number): Steps<EntryPointer> {
  yield* change(set_slot, FIX[name], phys);
  yield* DSB('ishst');
  return fix_to_ptr(FIX[name]);
}

/** A pointer to the entry for `addr` through the slot of its level; the parent itself if the level is folded. */
function* set_fixmap_offset(
  k: Kernel,
  name: Slotted,
  parentp: EntryPointer,
  addr: number,
): Steps<EntryPointer> {
  const { t } = k.c;
  const depth = t.name.indexOf(name);
  if (depth < 0) return parentp;
  const d = yield* READ_ONCE(parentp);
  return (yield* set_fixmap(name, table_page(k.c, d))) + entryIndex(t, depth, addr) * 8;
}

function* clear_fixmap(k: Kernel, name: Slotted): Steps<void> {
  if (k.c.t.name.indexOf(name) < 0) return;
  yield* change(set_slot, FIX[name], 0);
  yield* flush_fixmap_slot();
}

export const pte_set_fixmap_offset = (k: Kernel, pmdp: EntryPointer, addr: number): Steps<EntryPointer> =>
  set_fixmap_offset(k, 'PTE', pmdp, addr);
export const pmd_set_fixmap_offset = (k: Kernel, pudp: EntryPointer, addr: number): Steps<EntryPointer> =>
  set_fixmap_offset(k, 'PMD', pudp, addr);
export const pud_set_fixmap_offset = (k: Kernel, p4dp: EntryPointer, addr: number): Steps<EntryPointer> =>
  set_fixmap_offset(k, 'PUD', p4dp, addr);
export const p4d_set_fixmap_offset = (k: Kernel, pgdp: EntryPointer, addr: number): Steps<EntryPointer> =>
  set_fixmap_offset(k, 'P4D', pgdp, addr);
export const pte_clear_fixmap = (k: Kernel): Steps<void> => clear_fixmap(k, 'PTE');
export const pmd_clear_fixmap = (k: Kernel): Steps<void> => clear_fixmap(k, 'PMD');
export const pud_clear_fixmap = (k: Kernel): Steps<void> => clear_fixmap(k, 'PUD');
export const p4d_clear_fixmap = (k: Kernel): Steps<void> => clear_fixmap(k, 'P4D');
