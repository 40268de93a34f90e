import type { Kernel } from '../../kernel/kernel.ts';
import { subsection_mask } from '../../kernel/mm/sparse.ts';
import {
  SECTION_HAS_MEM_MAP,
  SECTION_IS_EARLY,
  SECTION_MARKED_PRESENT,
  type State,
} from '../../kernel/state.ts';
import { Runner } from '../../schedule/runner.ts';
import type { Step, Steps } from '../../steps/step.ts';

/** The memory that pfn_valid() reads for a valid pfn of a section, as cache lines of 64 bytes. */
export interface PfnValidLines {
  /** Objects, each in a line of its own, in the order in which they are first read. */
  readonly lines: readonly string[];
  /** Whether it also searches the regions of memblock, whose lines depend on their number. */
  readonly memblock: boolean;
}

/**
 * struct mem_section is 16 bytes at a multiple of 16: both of its fields are in one line. The pointer to the roots, the
 * array of roots and the usage are allocated apart from it and from each other (include/linux/mmzone.h).
 */
const ROOTS = ['mem_section', 'mem_section[]'];
const SECTION = 'struct mem_section';
const USAGE = 'mem_section_usage';

function linesOf(step: Step): readonly string[] {
  if (step.op === 'read' && step.obj === 'mem_section') return [...ROOTS, SECTION];
  if (step.op !== 'call') return [];
  if (step.operation.name === 'mem_map_of') return [...ROOTS, SECTION];
  return step.operation.name === 'test_bit' ? [USAGE] : [];
}

const searchesMemblock = (step: Step): boolean => 'obj' in step && step.obj === 'memblock_type';

/** What is read for the first page of a section with these flags, all of whose sub-sections are there. */
function readOf(state: State, k: Kernel, early: boolean): PfnValidLines {
  const nr = Math.min(...state.mem_section.keys());
  const section = {
    section_mem_map: SECTION_MARKED_PRESENT | SECTION_HAS_MEM_MAP | (early ? SECTION_IS_EARLY : 0),
    subsection_map: subsection_mask(k.c, 0, k.c.PAGES_PER_SECTION),
    nid: 0,
  };
  const probe: State = { ...state, mem_section: new Map([[nr, section]]) };
  const lines = new Set<string>();
  let memblock = false;
  function* watched(thread: Steps<boolean>): Steps<boolean> {
    let next = thread.next();
    while (!next.done) {
      const step = next.value;
      for (const line of linesOf(step)) lines.add(line);
      memblock ||= searchesMemblock(step) || (step.op === 'call' && step.operation.obj === 'memblock_type');
      next = thread.next(yield step);
    }
    return next.value;
  }
  new Runner(probe).run(watched(k.pfn_valid(nr * k.c.PAGES_PER_SECTION)));
  return { lines: [...lines], memblock };
}

/** What pfn_valid() reads in sections of boot memory, and in others. */
export const pfnValidLines = (state: State, k: Kernel) => ({
  early: readOf(state, k, true),
  other: readOf(state, k, false),
});
