import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { kernfs_deactivate, kernfs_deactivate_unused } from '../../locks.ts';

/**
 * fs/kernfs/dir.c: kernfs_drain(), which waits for those who use a memory block's files. Here no new user comes until
 * kernfs_drained(). What lockdep is told is what the monitor of lock orders sees.
 */

export const v5_2 = {
  /** lockdep is told of the wait whether there is anyone to wait for or not (5.10.262 fs/kernfs/dir.c:475). */
  *$kernfs_drain(this: Kernel, id: number): Steps<void> {
    yield* kernfs_deactivate(id);
  },
};

/** 6.1.192, 6.12.117, 7.2.13: it returns before it tells lockdep, unless a reference is held (fs/kernfs/dir.c:523). */
export const v6_1 = {
  *$kernfs_drain(this: Kernel, id: number): Steps<void> {
    if (!(yield* kernfs_deactivate_unused(id))) yield* kernfs_deactivate(id);
  },
};
