import type { State } from '../state.ts';

/** The key of the pagemap in pgmap_array that has a physical address; 0 for none. */
export function pagemap_key(state: State, address: number): number {
  for (const [key, { start, end, mapped }] of state.dev_pagemap)
    if (mapped && start <= address && address <= end) return key;
  return 0;
}
