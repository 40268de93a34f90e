import { NO_PAGE, PageReserved, page_use, USE } from '../kernel/mm/page.ts';
import { free_step } from '../kernel/mm/page_alloc/alloc_pages.ts';
import type { State } from '../kernel/state.ts';
import type { Fault } from '../schedule/program/machine.ts';
import type { Step } from '../steps/step.ts';

/** Pages given back that are free or were never the allocator's: a fault, where a kernel only reports a bad page, if that. */
export function foreign_page(state: State, step: Step): Fault | undefined {
  if (step.op !== 'call' || (step.operation as unknown) !== free_step) return undefined;
  const [start, nr_pages] = step.args as readonly number[];
  const pfn = state.pages.first(
    start!,
    start! + nr_pages!,
    (page) => page === NO_PAGE || PageReserved(page) || page_use(page) === USE.FREE,
  );
  if (pfn < 0) return undefined;
  const page = state.pages.get(pfn);
  const name = `pfn 0x${pfn.toString(16)}`;
  const about = { what: 'page', access: 'free', pfn } as const;
  if (page === NO_PAGE)
    return {
      kind: 'wild-access',
      subjects: { ...about, state: 'no memory' },
      text: `${name}, which is no memory, is freed`,
    };
  if (PageReserved(page))
    return {
      kind: 'bug',
      subjects: { ...about, state: "memblock's" },
      text: `${name}, which is memblock's, is freed`,
    };
  return { kind: 'double-free', subjects: { ...about, state: 'free' }, text: `${name} is freed twice` };
}
