import { z } from 'zod';
import type { Kernel } from '../../../kernel/kernel.ts';
import { mem_hotplug_begin, mem_hotplug_done } from '../../../kernel/locks.ts';
import type { Steps } from '../../../steps/step.ts';
import { stepKind } from '../common/kind.ts';
import { nid, range, rangeArguments, rangeOf, result } from '../common/values.ts';

function* noBlock(): Steps<number> {
  return 0;
}

/**
 * The part of memremap_pages() that device memory gets on arm64: the linear map and the memmap, under the hotplug lock.
 * Without MHP_MEMBLOCK_API: v5.2 makes blocks section by section, later releases elsewhere.
 */
function* archAdd(kernel: Kernel, nid: number, start: number, size: number): Steps<number> {
  const k = { ...kernel, hotplug_memory_register: noBlock };
  yield* mem_hotplug_begin();
  const ret = yield* k.arch_add_memory(nid, start, size, {
    altmap: null,
    pgmap: 0,
    pgprot: k.c.pgprot.PAGE_KERNEL,
  });
  yield* mem_hotplug_done();
  return ret;
}

function* archRemove(k: Kernel, start: number, size: number): Steps<number> {
  yield* mem_hotplug_begin();
  yield* k.arch_remove_memory(start, size, null);
  yield* mem_hotplug_done();
  return 0;
}

export const arch_add = stepKind({
  schema: z.strictObject({ ...range, node: nid.default(0), ...result }).meta({
    description: 'arch_add_memory() alone, as device memory gets it: no resource, no memblock, no blocks',
  }),
  text: (step) => `arch_add_memory(${step.node}, ${rangeArguments(step)})`,
  run: (session, step) => session.call(archAdd(session.kernel, step.node, ...rangeOf(step))),
});

export const arch_remove = stepKind({
  schema: z.strictObject({ ...range, ...result }).meta({ description: 'arch_remove_memory() alone' }),
  text: (step) => `arch_remove_memory(${rangeArguments(step)})`,
  run: (session, step) => session.call(archRemove(session.kernel, ...rangeOf(step))),
});
