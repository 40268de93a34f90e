/**
 * Struct pages as addresses: memory models, where their memmaps lie, and the effects of gigantic pages on them, from
 * 2.6.27 to v7.2. In the hotplug kernel (src/kernel) a struct page is a value found by its pfn. Here it is 64 bytes of
 * simulated memory: a pointer is a number, arithmetic on it is plain addition, and a dereference reads what lies at the
 * address.
 *
 * The folder has its own layers, and no zones, blocks or page tables:
 *
 * - `kernel/`: the functions, by kernel name, on a state of their own (`world.ts`); `functions.ts` declares them;
 * - `releases/`: the functions of v2.6.27 … v7.2 and of the versions of the series;
 * - `boot/`: makes a kernel and its state from a machine and a release; `memmap-of.ts` takes the state from a hotplug
 *   kernel;
 * - `scenarios/`: the format (`memory:` in place of `machine:`), running one, the invariants after a step;
 * - `report/`: what a scenario prints.
 *
 * The exports below are the library's.
 */
export type { MemMachine } from './boot/mem-machine.ts';
export { bootMemmodel, type MemModel } from './boot/memmap-boot.ts';
export { memmapOf } from './boot/memmap-of.ts';
export { type MemRelease, memReleases } from './releases/mem-releases.ts';
export { type MemScenario, parseMemScenario } from './scenarios/mem-scenario.ts';
export { type MemOutcome, runMemScenario } from './scenarios/mem-session.ts';
