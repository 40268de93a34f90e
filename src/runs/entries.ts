import type { Descriptor } from '../hardware/descriptor/descriptor.ts';
import type { WordRun } from '../hardware/memory/words.ts';
import { writeEntries } from '../hardware/memory/write.ts';
import { readRun } from '../hardware/mmu.ts';
import { install } from '../hardware/tlb/sequence.ts';
import { type EntryPointer, resolve } from '../kernel/mmu.ts';
import { change, look, operation } from '../kernel/ops.ts';
import type { State } from '../kernel/state.ts';
import type { Steps } from '../steps/step.ts';

/** Several entries of page tables in one step. */

const run_at = operation({
  name: 'run_at',
  obj: 'mmu',
  writes: false,
  run: (state: State, p: EntryPointer, n: number): WordRun => readRun(state.mmu!, resolve(state, p), n),
});
const write_run_at = operation({
  name: 'write_run_at',
  obj: 'mmu',
  writes: true,
  run: (state: State, p: EntryPointer, n: number, d: Descriptor, stride: number): void =>
    writeEntries(state.mmu!, resolve(state, p), n, d, stride),
});
const swap_run_at = operation({
  name: 'swap_run_at',
  obj: 'mmu',
  writes: true,
  run: (state: State, p: EntryPointer, n: number, d: Descriptor): WordRun => {
    const old = run_at.run(state, p, n);
    write_run_at.run(state, p, old.n, d, 0);
    return old;
  },
});
const install_at = operation({
  name: 'install_at',
  obj: 'mmu',
  writes: true,
  run: (state: State, p: EntryPointer, n: number, d: Descriptor, stride: number): void =>
    install(state.mmu!, resolve(state, p), n, d, stride),
});

/** The entries from `p` on that continue it, zero or an arithmetic run: at most `n`. */
export function* READ_RUN(p: EntryPointer, n: number): Steps<WordRun> {
  return yield* look(run_at, p, n);
}

/** WRITE_ONCE() on `n` entries whose output addresses ascend by `stride`. */
export function* WRITE_RUN(p: EntryPointer, n: number, d: Descriptor, stride = 0): Steps<void> {
  yield* change(write_run_at, p, n, d, stride);
}

/** xchg() on up to `n` equal entries; returns their old value. */
export function* XCHG_RUN(p: EntryPointer, n: number, d: Descriptor): Steps<WordRun> {
  return yield* change(swap_run_at, p, n, d);
}

/** WRITE_ONCE() on `n` entries that become valid, DSB ISHST, ISB. */
export function* INSTALL_RUN(p: EntryPointer, n: number, d: Descriptor, stride = 0): Steps<void> {
  yield* change(install_at, p, n, d, stride);
}

/** Whether a run of table entries points to adjacent tables, so that their entries form one sequence. */
export const side_by_side = (run: WordRun, page_size: number): boolean =>
  run.n === 1 || run.stride === page_size;
