import type { ItemRule } from '../memory/layers.ts';

/**
 * A descriptor that faulted before it was written. Until the writer's DSB every walker may still read the old value;
 * the writer's own walker may do so until the writer's ISB. Stores are multi-copy atomic: a CPU that has read the
 * descriptor and then executes DSB and ISB finds it on its walks from then on, whatever the writer does
 * (litmus/I2V-R-seen+ctrl-dsb.st-isb.yaml). The model does not record whether a CPU has read it: a CPU that has not
 * read it could equally have run before the write, which is another order of steps.
 */
export interface Fresh {
  /** The CPU that wrote it. */
  readonly writer: number;
  /** Whether a DSB of the writer has made it visible: 1 to the writer's own walker, 2 to all. */
  readonly settled: 0 | 1 | 2;
  /** Whether the writer has had a context synchronization event since. */
  readonly synced: boolean;
  /** Other CPUs that have executed a DSB since, ascending; empty once it is visible to all. */
  readonly waited: readonly number[];
  /** The CPUs of `waited` that have had a context synchronization event after that. */
  readonly fetched: readonly number[];
  /** The fault of a walk that finds the old descriptor. */
  readonly fault: 'translation' | 'access-flag';
}

export const freshRule: ItemRule<Fresh> = {
  shift: (item) => item,
  same: (a, b) =>
    a.writer === b.writer &&
    a.settled === b.settled &&
    a.synced === b.synced &&
    a.fault === b.fault &&
    a.waited.join() === b.waited.join() &&
    a.fetched.join() === b.fetched.join(),
};

/** Whether a walk by this CPU may still find the old descriptor. */
export const mayMiss = (item: Fresh, cpu: number): boolean =>
  item.writer === cpu ? !item.synced : item.settled < 2 && !item.fetched.includes(cpu);
