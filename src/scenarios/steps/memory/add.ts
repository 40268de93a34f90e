import { z } from 'zod';
import type { Kernel } from '../../../kernel/kernel.ts';
import { stepKind } from '../common/kind.ts';
import { lacksFunction } from '../common/lacks.ts';
import { hex, nid, range, rangeArguments, rangeOf, result, word } from '../common/values.ts';

const flags = z.int().min(0).default(0).meta({ description: 'mhp_t, v5.10 and later' });

/** The kernel function that came with each bit of mhp_t. */
const BROUGHT_BY: readonly (keyof Kernel)[] = ['merge_system_ram_resource', 'mhp_supports_memmap_on_memory'];

function lacksFlags(kernel: Kernel, flags: number): string | null {
  if (flags >= 2 ** BROUGHT_BY.length) return `not modelled: ${hex(flags)} as mhp_t`;
  for (const [bit, name] of BROUGHT_BY.entries()) {
    const lacks = flags & (1 << bit) ? lacksFunction(kernel, name) : null;
    if (lacks !== null) return lacks;
  }
  return null;
}

const flagsText = (flags: number): string => (flags ? `, ${hex(flags)}` : '');

export const add = stepKind({
  schema: z
    .strictObject({ ...range, node: nid.default(0), flags, ...result })
    .meta({ description: 'add_memory()' }),
  text: (step) => `add_memory(${step.node}, ${rangeArguments(step)}${flagsText(step.flags)})`,
  lacks: ({ kernel }, step) => lacksFlags(kernel, step.flags),
  run: (session, step) => session.call(session.kernel.add_memory(step.node, ...rangeOf(step), step.flags)),
});

export const add_driver_managed = stepKind({
  schema: z
    .strictObject({
      ...range,
      node: nid.default(0),
      name: word.default('System RAM (kmem)'),
      flags,
      ...result,
    })
    .meta({ description: 'add_memory_driver_managed(), v5.8 and later' }),
  text: (step) =>
    `add_memory_driver_managed(${step.node}, ${rangeArguments(step)}, "${step.name}"${flagsText(step.flags)})`,
  lacks: ({ kernel }, step) =>
    lacksFunction(kernel, 'add_memory_driver_managed') ?? lacksFlags(kernel, step.flags),
  run: (session, step) =>
    session.call(
      session.kernel.add_memory_driver_managed(step.node, ...rangeOf(step), step.name, step.flags),
    ),
});
