import type { ItemRule } from './layers.ts';

/**
 * A descriptor that faulted before. Until the writer's DSB every walker may still find it so, its own until its ISB, too.
 * Stores are multi-copy atomic: a CPU that has read the descriptor and then executes DSB and ISB finds it on its walks from
 * then on, whatever the writer does (litmus/I2V-R-seen+ctrl-dsb.st-isb.yaml). Whether it has read it is not kept: one that
 * has not could as well have come before the write, which is another order of steps.
 */
export interface Fresh {
  /** The CPU that wrote it. */
  readonly writer: number;
  /** A DSB of the writer has made it visible: 1 to the writer's own walker, 2 to all. */
  readonly settled: 0 | 1 | 2;
  /** The writer has had its context synchronization event since. */
  readonly synced: boolean;
  /** Other CPUs that have waited with a DSB since, ascending; none once it is visible to all. */
  readonly waited: readonly number[];
  /** Those of them that have had their context synchronization event after that. */
  readonly fetched: readonly number[];
  /** What a walk comes to that finds the descriptor before. */
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

/** Whether a walk by this CPU may still find the descriptor before. */
export const mayMiss = (item: Fresh, cpu: number): boolean =>
  item.writer === cpu ? !item.synced : item.settled < 2 && !item.fetched.includes(cpu);
