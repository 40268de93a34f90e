import { z } from 'zod';
import type { Kernel } from '../../../kernel/kernel.ts';
import { NO_PAGE } from '../../../kernel/mm/page.ts';
import { SECTION_HAS_MEM_MAP } from '../../../kernel/state.ts';
import type { Steps } from '../../../steps/step.ts';
import { returned } from '../../running/result.ts';
import type { Session } from '../../running/session.ts';
import { differs, stepKind } from '../common/kind.ts';
import { unexpected } from '../common/unexpected.ts';
import { bytes, hex, size } from '../common/values.ts';

function* asNumber(thread: Steps<boolean>): Steps<number> {
  return (yield* thread) ? 1 : 0;
}

function* isOnline(kernel: Kernel, pfn: number): Steps<boolean> {
  return (yield* kernel.pfn_to_online_page(pfn)) !== null;
}

/** The kernel's data on a page, besides whether there is a struct page that can be read. */
function says(session: Session, start: number) {
  const { kernel, state } = session;
  const pfn = Math.floor(start / kernel.c.PAGE_SIZE);
  return {
    valid: session.call(asNumber(kernel.pfn_valid(pfn))).ret === 1,
    online: session.call(asNumber(isOnline(kernel, pfn))).ret === 1,
    memmap: state.pages.get(pfn) !== NO_PAGE,
    device: session.call(asNumber(kernel.is_zone_device_page(pfn))).ret === 1,
  };
}

export const page = stepKind({
  schema: z
    .strictObject({
      start: size,
      valid: z.boolean().optional(),
      online: z.boolean().optional(),
      memmap: z.boolean().optional(),
      device: z.boolean().optional(),
    })
    .meta({
      description:
        'What pfn_valid(), pfn_to_online_page() and is_zone_device_page() say of the page, and whether its struct page is mapped',
    }),
  text: (step) => `the page at ${hex(bytes(step.start))}`,
  run: () => returned(0),
  judge: (session, step) => {
    const found = says(session, bytes(step.start));
    const wrong = (['valid', 'online', 'memmap', 'device'] as const).filter(
      (name) => step[name] !== undefined && step[name] !== found[name],
    );
    const text = wrong.map((name) => `${name} is ${found[name]}, expected ${step[name]}`).join(', ');
    const at = hex(bytes(step.start));
    return wrong.length ? [unexpected(`page: ${wrong.join(', ')}`, {}, `page at ${at}: ${text}`)] : [];
  },
  about: ({ state, kernel: { c } }, step) => {
    const pa = bytes(step.start);
    const map = state.mem_section.get(Math.floor(pa / c.SECTION_SIZE))?.section_mem_map ?? 0;
    return {
      pa,
      // the memory described by one leaf of the memmap
      level: c.PAGE_SHIFT === 12 ? 'PMD' : 'PTE',
      state: map & SECTION_HAS_MEM_MAP ? 'section valid' : 'section not valid',
    };
  },
  answer: differs,
});
