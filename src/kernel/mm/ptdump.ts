import type { LevelName } from '../../geometry/translation.ts';
import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { get_online_mems, put_online_mems } from '../locks.ts';
import { lock, unlock } from '../ops.ts';

/** mm/ptdump.c */

/** What note_page is told: of an entry, or of several side by side that hold the same but for the addresses they name. */
export interface PtdumpNote {
  readonly addr: number;
  readonly end: number;
  readonly level: LevelName;
  readonly attr: number;
}

/** The generic walker: as before, under init_mm's mmap lock. */
export const v5_7 = {
  *ptdump_walk_pgd(this: Kernel, start: number, end: number): Steps<PtdumpNote[]> {
    yield* lock('init_mm.mmap_lock', 'rwsem', 'read');
    const notes: PtdumpNote[] = [];
    yield* this.walk_pgd(notes, start, end);
    yield* unlock('init_mm.mmap_lock', 'rwsem', 'read');
    return notes;
  },
};

/** 6.1.192, 6.12.117 (2025): the hotplug lock for all walks. */
export const v6_1_192 = {
  *ptdump_walk_pgd(this: Kernel, start: number, end: number): Steps<PtdumpNote[]> {
    yield* get_online_mems();
    yield* lock('init_mm.mmap_lock', 'rwsem');
    const notes: PtdumpNote[] = [];
    yield* this.walk_pgd(notes, start, end);
    yield* unlock('init_mm.mmap_lock', 'rwsem');
    yield* put_online_mems();
    return notes;
  },
};
