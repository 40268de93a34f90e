import { z } from 'zod';
import { invariants } from '../../monitors/hotplug/index.ts';

/** The keys of a scenario for threads that run at the same time. */

const expression = z.string().min(1).max(512);
const line = z.string().min(1).max(512);
const lines = z.array(line).min(1).max(1000);
const NAME = /^[a-z]\w{0,31}$/;
const name = z.string().regex(NAME, { error: 'is not a name: a small letter, then letters, digits and _' });

export const interleavedSchema = z.object({
  layout: z
    .record(name, z.tuple([expression, expression]))
    .optional()
    .meta({
      description:
        'Kernel addresses in place of the release’s own: [start, end] of each region, such as [-1G, -1G + 16M]',
    }),
  config: z
    .strictObject({
      PTDUMP_DEBUGFS: z.boolean().optional(),
      DEBUG_VM_PGFLAGS: z.boolean().optional(),
      REPORT_UNINITIALISED: z.boolean().optional().meta({
        description:
          'No option of the kernel: whoever uses a struct page before it is initialised is stopped',
      }),
      INIT_MEMBLOCK_REGIONS: z.int().min(1).optional().meta({
        description: 'From which the sizes of memblock’s static arrays follow; 128 unless said',
      }),
    })
    .optional()
    .meta({ description: 'What the kernel is built with' }),
  let: z.record(name, expression).optional().meta({
    description: 'Names for numbers: sums and products of sizes and of what the booted kernel knows',
  }),
  before: lines
    .optional()
    .meta({ description: 'Kernel functions called one after the other before the threads begin' }),
  partial: z
    .array(z.enum(['free-pages', ...Object.keys(invariants)]))
    .optional()
    .meta({
      description: 'The threads are only part of an operation: these monitors are left out',
    }),
  threads: z.record(name, lines).optional().meta({
    description:
      'What runs at the same time, each on a CPU of its own: lines such as "area = vmalloc(PAGE_SIZE)", "need area", "expect ret == 0"',
  }),
});

export type InterleavedFile = z.infer<typeof interleavedSchema>;
