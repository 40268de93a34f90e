import { AP_RDONLY, DBM } from '../../hardware/descriptor/descriptor.ts';
import { leaves } from '../../hardware/walks/walk.ts';
import { PFN_DOWN, pfn_to_section_nr } from '../../kernel/pfn.ts';
import { SECTION_IS_EARLY } from '../../kernel/state.ts';
import { parseTables } from '../../machines/page-tables/tables.ts';
import type { Op } from '../../machines/recording/ops.ts';
import type { RecordingStep } from '../../machines/recording/recording.ts';
import type { Session } from '../../scenarios/running/session.ts';

/** Modules of the recorder's own, through which it calls kernel functions. */

const LOADED = new WeakMap<Session, string>();

/** The module that was loaded last; undefined if none was since the machine's first step. */
export const testModule = (session: Session): string | undefined => LOADED.get(session);

/** Remembers a module that is loaded, forgets one that is unloaded. */
export function loadTestModule(session: Session, { name, action }: Op & { op: 'module' }): void {
  if (action === 'load') LOADED.set(session, name);
  else if (LOADED.get(session) === name) LOADED.delete(session);
}

const PLACE = 'tables/linear.json';

/**
 * An input that the model cannot know and the recording shows: the pages of boot memory that hold a module. With
 * rodata=full its read-only parts are read-only in the linear map, too.
 */
export function moduleMemory(session: Session, op: Op, step: RecordingStep): string[] {
  const { kernel, state } = session;
  const text = op.op === 'module' ? step.tree.readText(PLACE) : undefined;
  if (text === undefined || !state.mmu) return [];
  const early = (pa: number): boolean => {
    const section = pfn_to_section_nr(kernel.c, PFN_DOWN(kernel.c, pa));
    return ((state.mem_section.get(section)?.section_mem_map ?? 0) & SECTION_IS_EARLY) !== 0;
  };
  const changes: { readonly start: number; readonly size: number; readonly readOnly: boolean }[] = [];
  for (const { va, size, leaf_size, attr, pa } of parseTables(text, step.tree.source, PLACE).leaves) {
    if (leaf_size !== kernel.c.PAGE_SIZE || !early(pa)) continue;
    const readOnly = (attr & AP_RDONLY) !== 0;
    for (const leaf of leaves(state.mmu, va, va + size)) {
      if (((leaf.attr & AP_RDONLY) !== 0) === readOnly) continue;
      changes.push({ start: leaf.start, size: leaf.end - leaf.start, readOnly });
    }
  }
  for (const { start, size, readOnly } of changes) {
    const bits = readOnly ? { set: AP_RDONLY, clear: DBM } : { set: DBM, clear: AP_RDONLY };
    session.call(kernel.__change_memory_common(start, size, bits));
  }
  return [true, false].flatMap((readOnly) => {
    const bytes = changes.reduce((sum, one) => sum + (one.readOnly === readOnly ? one.size : 0), 0);
    if (bytes === 0) return [];
    const now = readOnly ? 'read-only' : 'writable';
    return [`${bytes / kernel.c.PAGE_SIZE} pages of boot memory that hold modules became ${now}`];
  });
}
