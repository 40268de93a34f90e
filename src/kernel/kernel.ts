import type { ERRNO } from '../steps/errno.ts';
import type { Steps } from '../steps/step.ts';
import type { Config } from './config.ts';

/** struct vmem_altmap, only its accounting; thread-local until a memory block keeps it. */
export interface vmem_altmap {
  base_pfn: number;
  reserve: number;
  free: number;
  align: number;
  alloc: number;
}

/** struct mhp_params, the modelled part (mhp_restrictions before v5.7). */
export interface mhp_params {
  readonly altmap: vmem_altmap | null;
  /** The key of the memory's dev_pagemap; 0 for system RAM. */
  readonly pgmap: number;
  /** The attributes of its linear map (arm64). v5.2 to v5.6 have no such member: all of it is PAGE_KERNEL. */
  readonly pgprot: number;
}

/** struct memory_notify. A node id of -1 means no change. */
export interface memory_notify {
  start_pfn: number;
  nr_pages: number;
  status_change_nid: number;
  status_change_nid_normal: number;
}

/** A callback on the memory chain: 0 or a negative errno. */
export type MemoryNotifier = (this: Kernel, action: number, arg: memory_notify) => Steps<number>;

/** Functions that x86-64 and V5 of arm64 memory hot-remove have with different arguments; each casts for its calls. */
export interface DifferingFunctions {
  remove_pagetable(this: Kernel, ...args: never[]): Steps<void>;
  remove_pud_table(this: Kernel, ...args: never[]): Steps<void>;
  remove_pmd_table(this: Kernel, ...args: never[]): Steps<void>;
  remove_pte_table(this: Kernel, ...args: never[]): Steps<void>;
  free_pte_table(this: Kernel, ...args: never[]): Steps<void>;
  free_pmd_table(this: Kernel, ...args: never[]): Steps<void>;
  free_pud_table(this: Kernel, ...args: never[]): Steps<void>;
}

/**
 * Every modelled function by its kernel name. Releases fill this type: each adds the names that it is the first to have
 * (`declare module`). A name that a kernel does not have is absent in it.
 */
export interface KernelFunctions extends DifferingFunctions {}

/**
 * A kernel: the functions of one release on one architecture, called as methods (`this.online_pages(…)`), and its
 * configuration fixed at boot. It holds no state.
 */
export interface Kernel extends KernelFunctions {
  readonly c: Config;
  readonly errno: typeof ERRNO;
  /** No other thread runs, so batch forms may perform in one step what the kernel does access by access. */
  readonly alone: boolean;
  /** Steps name the calls in which they are taken, for a story. */
  readonly narrated?: boolean;
  /** Release name, "v6.1". */
  readonly release: string;
  /** The memory notifier chain in order of priority. */
  readonly memory_chain: readonly MemoryNotifier[];
}
