/**
 * Linux memory hotplug as a library: boot a machine under a release, operate it, read any file, check invariants. Runs
 * in a browser; reading machines from files and archives is in `machines/` and needs Node.
 *
 * @module
 */
export { boot, type Model } from './boot/boot.ts';
export { BadOperation } from './errors/bad-operation.ts';
export { ImpossibleMachine } from './errors/impossible-machine.ts';
export { InputError } from './errors/input-error.ts';
export { UserError } from './errors/user-error.ts';
export { depthOf, entrySize } from './geometry/translation.ts';
export { INVALID } from './hardware/descriptor/descriptor.ts';
export { DSB, ISB } from './kernel/arch/arm64/include/asm/barrier.ts';
export {
  flush_fixmap_slot,
  p4d_clear_fixmap,
  p4d_set_fixmap_offset,
  pmd_clear_fixmap,
  pmd_set_fixmap_offset,
  pte_clear_fixmap,
  pte_set_fixmap_offset,
  pud_clear_fixmap,
  pud_set_fixmap_offset,
} from './kernel/arch/arm64/include/asm/fixmap.ts';
export { tlbi } from './kernel/arch/arm64/include/asm/tlbflush.ts';
export type { Config } from './kernel/config.ts';
export { WARN_ONCE } from './kernel/include/asm-generic/bug.ts';
export { alloc_table } from './kernel/include/asm-generic/pgalloc.ts';
export {
  type EntryPointer,
  leaf_address,
  none,
  p4d_addr_end,
  pgd_addr_end,
  pmd_addr_end,
  pmd_leaf,
  present,
  pud_addr_end,
  pud_leaf,
  READ_ONCE,
  table_page,
  WRITE_ONCE,
  XCHG,
} from './kernel/include/linux/pgtable.ts';
export type { Kernel, KernelFunctions } from './kernel/kernel.ts';
export * from './kernel/locks.ts';
export { vm_bug_on_page } from './kernel/mm/debug.ts';
export { hugetlb_lock, hugetlb_unlock } from './kernel/mm/hugetlb/pool.ts';
export {
  access_pages,
  is_page_of_zone,
  mapped_page,
  page_to_nid,
  page_zone,
} from './kernel/mm/page_access.ts';
export { move_page } from './kernel/mm/user_pages.ts';
export * from './kernel/ops.ts';
export type { State } from './kernel/state.ts';
export type { Machine } from './machines/machine.ts';
export { parseMachineFile } from './machines/machine-file/machine-file.ts';
export * from './memmap/index.ts';
export { type MemScenario, parseMemScenario } from './memmap/scenarios/mem-scenario.ts';
export { type MemOutcome, runMemScenario } from './memmap/scenarios/mem-session.ts';
export { invariants, violations } from './monitors/hotplug/index.ts';
export { BadDesign, type Design, type DesignedRelease, defineRelease } from './releases/design.ts';
export {
  findRelease,
  mainline,
  makeKernel,
  type Release,
  releases,
} from './releases/index.ts';
export { memoryMap } from './report/blocks/memory-map.ts';
export { parseScenario, type Scenario } from './scenarios/format/read.ts';
export type { ScenarioStep } from './scenarios/format/step-schema.ts';
export { perform } from './scenarios/running/perform.ts';
export type { Result } from './scenarios/running/result.ts';
export { runScenario, type StepOutcome } from './scenarios/running/run-scenario.ts';
export { Session } from './scenarios/running/session.ts';
export { Runner } from './schedule/runner.ts';
export type { Step, Steps } from './steps/step.ts';
