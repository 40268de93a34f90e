import { z } from 'zod';
import { PG_uncached, page_zonenum } from '../../../kernel/mm/page.ts';
import { PCM, SECTION_IS_ONLINE } from '../../../kernel/state.ts';
import { askConsumer, consumerNames, consumers, lacksConsumer } from '../../reserved/consumers.ts';
import { stepKind } from '../common/kind.ts';
import { unexpected } from '../common/unexpected.ts';
import { bytes, hex, result, size } from '../common/values.ts';

const yesOrNo = (ret: number): string => (ret ? 'yes' : 'no');

export const consume = stepKind({
  schema: z
    .strictObject({
      consumer: z.enum(consumerNames),
      start: size,
      gives: z.enum(['yes', 'no']).optional(),
      ...result,
    })
    .meta({
      description:
        'A kernel function that decides by PG_reserved is asked about the page at `start`, v5.10 and before',
    }),
  text: (step) => `${step.consumer} of ${hex(bytes(step.start))}: ${consumers[step.consumer].asks}?`,
  lacks: ({ kernel }, step) => lacksConsumer(kernel, step.consumer),
  run: (session, step) =>
    askConsumer(session, step.consumer, Math.floor(bytes(step.start) / session.kernel.c.PAGE_SIZE)),
  judge: (_, step, { ret }) => {
    if (ret === null || step.gives === undefined || step.gives === yesOrNo(ret)) return [];
    const { asks } = consumers[step.consumer];
    const [pa, found, expected] = [bytes(step.start), yesOrNo(ret), step.gives];
    return [
      unexpected(
        asks,
        { function: step.consumer, pa, found, expected },
        `${step.consumer}(${hex(pa)}): ${asks}? ${found}, expected ${expected}`,
      ),
    ];
  },
  about: ({ state, kernel: { c } }, step) => {
    const pa = bytes(step.start);
    const pfn = Math.floor(pa / c.PAGE_SIZE);
    const page = state.pages.get(pfn);
    const zone = page_zonenum(page);
    const map = state.mem_section.get(Math.floor(pa / c.SECTION_SIZE))?.section_mem_map ?? 0;
    const device = zone === c.ZONE_DEVICE;
    const uncached = device ? state.memtype_rbroot.get(pfn) !== PCM.WB : (page & PG_uncached) !== 0;
    const cached = uncached ? 'uncached' : 'cached';
    return {
      pa,
      zone: c.zones[zone] ?? 'none',
      state: map & SECTION_IS_ONLINE ? `${cached}, in an online section` : cached,
    };
  },
  answer: ({ ret }, wrong) => (wrong.length ? 'differs' : ret === null ? null : yesOrNo(ret)),
});
