import { boot } from '../../boot/boot.ts';
import { LAYOUT_FAMILIES } from '../../geometry/layouts.ts';
import { PAGE_SIZES, VA_BITS } from '../../geometry/sizes.ts';
import type { Machine } from '../../machines/machine.ts';
import { parseMachineFile } from '../../machines/machine-file/machine-file.ts';
import type { Release } from '../../releases/define.ts';
import { Runner } from '../../schedule/runner.ts';
import type { Steps } from '../../steps/step.ts';
import { type VmallocTableFate, vmallocTableFate } from '../neighbours.ts';
import { longestWait, type Profile, Profiler, told } from './waits.ts';

/** The costs that hotplug operations and vmalloc() cause for each other on a release, in steps of the model. */
export interface Costs {
  /** Steps of one vmalloc() of a page for which no table exists, and how many of them run under a lock. */
  readonly vmalloc: { readonly steps: number; readonly under_lock: number };
  /**
   * The longest time that vmalloc() may wait for an operation on one memory block: in steps of the operation, and the
   * lock.
   */
  readonly waits: Readonly<
    Record<'add' | 'offline' | 'remove', { readonly steps: number; readonly lock: string | null }>
  >;
  /** Table pages that remain after a memory block was added and removed. */
  readonly tables_kept: number;
}

/** The machine for the measurement: one GiB of RAM, tables of 512 entries in three levels. */
const measuredOn: Machine = parseMachineFile(
  '{arch: arm64, page_size: 4K, va_bits: 39, ram: [{start: 1G, size: 1G}]}',
  'mhp options',
);

/** Far from boot memory: no table of its memmap has entries of a neighbour. */
const BLOCK_AT = 96 * 2 ** 30;

/** Measures the costs: each operation runs alone, one after the other. */
export function costs(release: Release): Costs {
  const { kernel, state } = boot(measuredOn, release, { explored: true });
  const block = kernel.c.memory_block_size_bytes;
  const id = BLOCK_AT / block;
  const run = <T>(what: string, thread: Steps<T>): Profile => {
    const profiler = new Profiler();
    const { ended, value } = new Runner(state).run(told(thread, profiler));
    if (ended !== 'returned' || (typeof value === 'number' && value < 0 && value > -4096))
      throw new Error(`${what} on ${release.name}: ${ended}, ${String(value)}`);
    return profiler.profile();
  };
  const store = (word: string): Steps<unknown> => kernel.state_store(id, word);
  const vmalloc = run('vmalloc', kernel.vmalloc(kernel.c.PAGE_SIZE));
  const before = tables(state);
  const add = run('add', kernel.add_memory(0, BLOCK_AT, block, 0));
  run('online', store('online'));
  const offline = run('offline', store('offline'));
  const remove = run('remove', kernel.remove_memory(BLOCK_AT, block));
  return {
    vmalloc: { steps: vmalloc.steps, under_lock: vmalloc.under_lock },
    waits: {
      add: longestWait(vmalloc, add),
      offline: longestWait(vmalloc, offline),
      remove: longestWait(vmalloc, remove),
    },
    tables_kept: tables(state) - before,
  };
}

function tables({ table_pages: { allocated, freed } }: ReturnType<typeof boot>['state']): number {
  const sum = (of: object): number => Object.values(of).reduce((all: number, n: number) => all + n, 0);
  return sum(allocated) - sum(freed);
}

/** The shapes and layouts of released kernels. */
const configurations = PAGE_SIZES.arm64.flatMap((pageSize) =>
  VA_BITS.arm64[pageSize]!.flatMap((vaBits) =>
    LAYOUT_FAMILIES.map((family) => ({ shape: { page_size: pageSize, va_bits: vaBits }, family })),
  ),
);

/** The number of configurations for each fate of the table that vmalloc and the memmap share. */
export function fates(release: Release): Readonly<Record<VmallocTableFate, number>> {
  const counts: Record<VmallocTableFate, number> = { apart: 0, refused: 0, neighbour: 0, freed: 0, kept: 0 };
  for (const { shape, family } of configurations) {
    const fate = vmallocTableFate(shape, family, release);
    if (fate !== null) counts[fate]++;
  }
  return counts;
}
