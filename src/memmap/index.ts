/**
 * Struct pages as addresses: memory models, where their memmaps lie, and what gigantic pages do to them, from 2.6.27 to
 * v7.2. In the hotplug kernel (src/kernel) a struct page is a value found by its pfn. Here it is 64 bytes of simulated
 * memory: a pointer is a number, arithmetic on it is plain addition, and what it reaches is what lies there.
 *
 * A wing with floors of its own, and nothing of zones, blocks or page tables:
 *
 * - `kernel/`: the functions, by kernel name, on a state of their own (`world.ts`); `functions.ts` declares them;
 * - `releases/`: which of them make up v2.6.27 … v7.2 and the versions of the series;
 * - `boot/`: a machine and a release become a kernel and its state; `memmap-of.ts` takes the state from a hotplug kernel;
 * - `scenarios/`: the format (`memory:` in place of `machine:`), running one, what must hold after a step;
 * - `report/`: what a scenario prints.
 *
 * What follows is what the library gives of it.
 */
export type { MemMachine } from './boot/mem-machine.ts';
export { bootMemmodel, type MemModel } from './boot/memmap-boot.ts';
export { memmapOf } from './boot/memmap-of.ts';
export { type MemRelease, memReleases } from './releases/mem-releases.ts';
export { type MemScenario, parseMemScenario } from './scenarios/mem-scenario.ts';
export { type MemOutcome, runMemScenario } from './scenarios/mem-session.ts';
