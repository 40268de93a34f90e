import type { ItemRule } from './layers.ts';

/** A descriptor that faulted before. Until the writer's DSB every walker may still find it so, its own until its ISB, too. */
export interface Fresh {
  /** The CPU that wrote it. */
  readonly writer: number;
  /** A DSB of the writer has made it visible: 1 to the writer's own walker, 2 to all. */
  readonly settled: 0 | 1 | 2;
  /** The writer has had its context synchronization event since. */
  readonly synced: boolean;
  /** What a walk comes to that finds the descriptor before. */
  readonly fault: 'translation' | 'access-flag';
}

export const fresh_rule: ItemRule<Fresh> = {
  shift: (item) => item,
  same: (a, b) =>
    a.writer === b.writer && a.settled === b.settled && a.synced === b.synced && a.fault === b.fault,
};

/** Whether a walk by this CPU may still find the descriptor before. */
export const may_miss = (item: Fresh, cpu: number): boolean =>
  item.writer === cpu ? !item.synced : item.settled < 2;
