import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { NO_PAGE, type Page } from '../../mm/page.ts';
import { look, operation } from '../../ops.ts';
import { hex } from '../../pfn.ts';
import type { State } from '../../state.ts';

/** Reads the struct page of a pfn, which need not exist. */
export const get_page = operation({
  name: 'get_page',
  obj: 'pages',
  writes: false,
  tell: ([pfn], page) => ({ kind: 'reads', what: `*pfn_to_page(${hex(pfn)})`, value: page, of: 'page' }),
  fault: (state, pfn) =>
    state.pages.get(pfn) === NO_PAGE
      ? {
          kind: 'wild-access',
          subjects: { what: 'struct page', access: 'read', pfn, state: 'no struct page' },
          text: `read of the struct page of pfn ${hex(pfn)}, which has none`,
        }
      : undefined,
  run: (state: State, pfn: number): Page => state.pages.get(pfn),
});

export const v5_2 = {
  *pfn_to_page(this: Kernel, pfn: number): Steps<Page> {
    return yield* look(get_page, pfn);
  },
};
