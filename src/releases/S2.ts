import * as zone_span from '../kernel/mm/memory_hotplug/zone_span.ts';
import { defineRelease } from './define.ts';
import { v5_3 } from './v5.3.ts';
import { v5_4 } from './v5.4.ts';

/** Seed 002's core change on v5.3, where the first page's PG_reserved still decides whether a chunk is freed. */
export const S2_v5_3 = defineRelease({
  name: 'S2-v5.3',
  base: v5_3,
  about: 'seed 002 (no PG_reserved on hot-added pages) on v5.3',
  functions: { memmap_init_range: zone_span.v6_11.memmap_init_range },
});

/** Seed 002's core change where it was meant to go. */
export const S2 = defineRelease({
  name: 'S2',
  base: v5_4,
  about: 'seed 002 (no PG_reserved on hot-added pages) on v5.4',
  functions: { memmap_init_range: zone_span.v6_11.memmap_init_range },
});
