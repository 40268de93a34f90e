import { z } from 'zod';
import { BadOperation } from '../../../errors/bad-operation.ts';
import type { Steps } from '../../../steps/step.ts';
import type { MemConfig } from '../../kernel/config.ts';
import type { MemKernel } from '../../kernel/functions.ts';
import { type MemCall, memStepKind } from './kind.ts';
import { hex, nid, range, rangeText, result } from './values.ts';

/** Sections that come and go. */

interface Range {
  readonly start: number;
  readonly size: number;
}

/** The parts of a range that lie in one section each, in order: first pfn and number of pages. */
function* parts(c: MemConfig, { start, size }: Range): Generator<readonly [number, number]> {
  const last = (start + size) / c.PAGE_SIZE;
  for (let pfn = start / c.PAGE_SIZE; pfn < last; ) {
    const end = Math.min(last, pfn - (pfn % c.PAGES_PER_SECTION) + c.PAGES_PER_SECTION);
    yield [pfn, end - pfn];
    pfn = end;
  }
}

/** Calls a function for each part of a range, until one of the calls fails. */
function eachSection(
  k: MemKernel,
  name: keyof MemKernel,
  range: Range,
  call: (pfn: number, nr_pages: number) => Steps<unknown>,
): MemCall {
  const { c, release } = k;
  const parted = c.memory_model === 'SPARSEMEM_VMEMMAP' && 'section_activate' in k;
  const unit = (parted ? c.PAGES_PER_SUBSECTION : c.PAGES_PER_SECTION) * c.PAGE_SIZE;
  if (!(name in k) || !c.memory_model.startsWith('SPARSEMEM'))
    throw new BadOperation(`not modelled: sections that come and go with ${c.memory_model} on ${release}`);
  const { start, size } = range;
  if (start % unit || size % unit || size === 0)
    throw new BadOperation(`${rangeText(start, size)} is not a multiple of ${hex(unit)}`);
  return {
    text: `${name} ${rangeText(start, size)}`,
    sections: true,
    *thread() {
      for (const [pfn, n] of parts(c, range)) {
        const ret = yield* call(pfn, n);
        if (typeof ret === 'number' && ret < 0) return ret;
      }
      return 0;
    },
  };
}

export const add = memStepKind({
  schema: z
    .strictObject({ ...range, node: nid.default(0), ...result })
    .meta({ description: 'sparse_add_section(), v5.3 and later' }),
  call: ({ kernel: k }, step) =>
    eachSection(k, 'sparse_add_section', step, (pfn, n) => k.sparse_add_section(step.node, pfn, n)),
});

export const remove = memStepKind({
  schema: z
    .strictObject({ ...range, ...result })
    .meta({ description: 'section_deactivate(), v5.3 and later; __remove_section() before' }),
  call: ({ kernel: k }, step) =>
    Object.hasOwn(k, 'section_activate')
      ? eachSection(k, 'section_deactivate', step, (pfn, n) => k.section_deactivate(pfn, n))
      : eachSection(k, '__remove_section', step, (pfn) =>
          k.__remove_section(Math.floor(pfn / k.c.PAGES_PER_SECTION)),
        ),
});

export const memory_present = memStepKind({
  schema: z
    .strictObject({ ...range, node: nid, ...result })
    .meta({ description: 'Early boot notes the node of the sections, v5.3 and later' }),
  call: ({ kernel: k }, step) =>
    eachSection(k, 'memory_present', step, (pfn) =>
      k.memory_present(Math.floor(pfn / k.c.PAGES_PER_SECTION), step.node),
    ),
});
