import type { LockKind } from '../../steps/step.ts';

/** Locks of the kernel's image by the name of their variable: the model's name, and its kind. */
export const LOCKS: Readonly<Record<string, { readonly lock: string; readonly kind: LockKind }>> = {
  fixmap_lock: { lock: 'fixmap_lock', kind: 'mutex' },
  pgd_lock: { lock: 'pgd_lock', kind: 'spinlock' },
  swapper_pgdir_lock: { lock: 'swapper_pgdir_lock', kind: 'spinlock' },
};

/** The semaphore in init_mm. */
export const MMAP_LOCK = 'init_mm.mmap_lock';
