import type { ERRNO } from '../steps/errno.ts';
import type { Steps } from '../steps/step.ts';
import type { Config } from './config.ts';

/** struct vmem_altmap as far as accounting goes; thread-local until a memory block keeps it. */
export interface vmem_altmap {
  base_pfn: number;
  reserve: number;
  free: number;
  align: number;
  alloc: number;
}

/** struct mhp_params as far as it is modelled (mhp_restrictions before v5.7). */
export interface mhp_params {
  readonly altmap: vmem_altmap | null;
  /** Key of the dev_pagemap whose memory it is; 0 for system RAM. */
  readonly pgmap: number;
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

/**
 * Every modelled function by its kernel name. A release fills it, and adds the names it is the first to have to this type
 * (`declare module`); a name that a kernel does not have is absent there.
 */
// biome-ignore lint/suspicious/noEmptyInterface: releases extend it
export interface KernelFunctions {}

/**
 * A kernel: the functions of one release on one architecture, called on it (`this.online_pages(…)`), and what is
 * fixed at boot. It holds no state.
 */
export interface Kernel extends KernelFunctions {
  readonly c: Config;
  readonly errno: typeof ERRNO;
  /** Nobody else runs: some of the functions do at once what the kernel does access by access. */
  readonly alone: boolean;
  /** Release name, "v6.1". */
  readonly release: string;
  /** The memory notifier chain in order of priority. */
  readonly memory_chain: readonly MemoryNotifier[];
}
