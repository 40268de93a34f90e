import { z } from 'zod';
import { BadOperation } from '../../../errors/bad-operation.ts';
import type { Steps } from '../../../steps/step.ts';
import { stepKind } from '../common/kind.ts';
import { lacksDeviceMemory } from '../common/lacks.ts';
import { bytes, nid, range, rangeArguments, rangeOf, result, size } from '../common/values.ts';

/** memremap_pages() called by a driver of the scenario's own. */

export const memremap = stepKind({
  schema: z
    .strictObject({
      ...range,
      node: nid.default(0),
      as: z.enum(['fs_dax', 'generic', 'private']).default('generic'),
      altmap: size.default(0),
      resource: z.string().min(1).optional(),
      ...result,
    })
    .meta({
      description:
        'A driver calls memremap_pages() for a range; `altmap`: bytes in it for struct pages; `resource`: it first ' +
        'requests the range under this name, and is refused if that is busy (EBUSY)',
    }),
  text: (step) => `memremap_pages(${rangeArguments(step)}) as ${step.as}`,
  lacks: ({ kernel }) => lacksDeviceMemory(kernel),
  run: (session, step) => {
    const { kernel, state } = session;
    const { PAGE_SIZE } = kernel.c;
    const { node, as } = step;
    const [start, size] = rangeOf(step);
    const altmap = bytes(step.altmap);
    if (size === 0 || start % PAGE_SIZE || size % PAGE_SIZE)
      throw new BadOperation('memremap: no whole pages');
    if (!state.pgdat.has(node)) throw new BadOperation(`there is no node ${node}`);
    const align = kernel.$init_altmap_align();
    const base = Math.floor(start / align) * align;
    const own = {
      base_pfn: base / PAGE_SIZE,
      reserve: (start - base) / PAGE_SIZE,
      free: altmap / PAGE_SIZE,
      align: 0,
      alloc: 0,
    };
    const { resource } = step;
    function* map(): Steps<number> {
      if (resource !== undefined && !(yield* kernel.__request_region(start, size, resource, 0)))
        return -kernel.errno.EBUSY;
      const pagemap = yield* kernel.$alloc_dev_pagemap(as, start, size, node, altmap ? own : null);
      const ret = yield* kernel.devm_memremap_pages(pagemap);
      if (ret && resource !== undefined) yield* kernel.__release_region(start, size);
      return ret;
    }
    return session.call(map());
  },
});

export const memunmap = stepKind({
  schema: z.strictObject({ ...range, resource: z.string().min(1).optional(), ...result }).meta({
    description: 'It calls memunmap_pages(), and releases the range that it had requested as `resource`',
  }),
  text: (step) => `memunmap_pages(${rangeArguments(step)})`,
  run: (session, step) => {
    const { state, kernel } = session;
    const [start, size] = rangeOf(step);
    const found = [...state.dev_pagemap].find(
      ([, map]) => map.start === start && map.end === start + size - 1,
    );
    if (!found) throw new BadOperation('memunmap: nothing is mapped there');
    const [key] = found;
    function* unmap(): Steps<number> {
      yield* kernel.devm_memunmap_pages(key);
      if (step.resource !== undefined) yield* kernel.__release_region(start, size);
      return 0;
    }
    return session.call(unmap());
  },
});
