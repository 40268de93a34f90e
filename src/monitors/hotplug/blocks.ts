import type { Config } from '../../kernel/config.ts';
import { page_use, USE } from '../../kernel/mm/page.ts';
import { MEM_ONLINE, SECTION_IS_ONLINE, type State } from '../../kernel/state.ts';
import type { Failure, Subjects } from '../../steps/failure.ts';
import { broken } from './broken.ts';
import { devicePfns, isOfBlock } from './device-memory.ts';

/** Whether the page is free, or allocated by some user. */
const inUse = (page: number): boolean => page_use(page) !== USE.NONE;

const someInUse = (state: State, c: Config, id: number): boolean => {
  const nrPages = c.memory_block_size_bytes / c.PAGE_SIZE;
  return state.pages.first(id * nrPages, (id + 1) * nrPages, inUse) >= 0;
};

/** The balloon driver of such a guest gets each page that goes online, and gives none that the host does not back. */
const mayWithhold = (c: Config): boolean => c.hypervisor !== null;

/** No look-up keeps a reference. A hot-added memory block stands for sections that all exist and share its state. */
export function checkBlocks(state: State, c: Config): Failure[] {
  const found: Failure[] = [];
  const notSo = (what: string, subjects: Subjects, text: string): void => {
    found.push(broken('blocks', what, subjects, text));
  };
  const devices = devicePfns(state, c);
  for (const [id, block] of state.memory_block) {
    let present = 0;
    let online = 0;
    for (let i = 0; i < c.sections_per_block; i++) {
      const nr = block.start_section_nr + i;
      if (!isOfBlock(state, c, nr, devices)) continue;
      present++;
      if (state.mem_section.get(nr)!.section_mem_map & SECTION_IS_ONLINE) online++;
    }
    if (present === 0) notSo('no section', { block: id }, `memory${id} has no section`);
    if (block.section_count > 0 && block.section_count < present) {
      notSo(
        'sections counted',
        { block: id, count: block.section_count, bound: present },
        `memory${id} counts ${block.section_count} of its ${present} sections`,
      );
    }
    if ((block.state === MEM_ONLINE) !== online > 0) {
      notSo('online or not', { block: id }, `memory${id} and its sections disagree on whether it is online`);
    }
    if (block.state === MEM_ONLINE && !mayWithhold(c) && !someInUse(state, c, id))
      notSo('no free page', { block: id }, `memory${id} is online without a free page`);
  }
  for (const id of new Set(state.vars.get(0)!.block_references))
    notSo('reference kept', { block: id }, `a reference of the device of memory${id} is never dropped`);
  return found;
}
