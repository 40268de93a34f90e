import { z } from 'zod';
import { returned } from '../../running/result.ts';
import { stepKind } from '../common/kind.ts';

/** Allocations that can be made to fail, by their purpose. */
export const FAIL_SITES = [
  'mem_section_root',
  'mem_section_usage',
  'memblock_double_array',
  'memory_block',
  'node_device',
  'online_types',
  'pgdat',
  'pgtable',
  'usemap',
  'vmemmap_block',
  'vmemmap_populate',
  'xa_store',
] as const;

export const fail = stepKind({
  schema: z
    .strictObject({
      site: z.enum(FAIL_SITES),
      times: z.int().min(1).max(1000).default(1),
      after: z.int().min(0).max(1_000_000).default(0),
    })
    .meta({
      description: 'Fault injection: the next allocations at this site fail, after some that succeed',
    }),
  scene: true,
  text: (step) => `${step.after ? `after ${step.after}, ` : ''}the next ${step.times} ${step.site} fail`,
  run: ({ state }, { site, times, after }) => {
    const vars = state.vars.get(0)!;
    vars.fail_alloc = { ...vars.fail_alloc, [site]: times };
    vars.fail_after = { ...vars.fail_after, [site]: after };
    return returned(0);
  },
});
