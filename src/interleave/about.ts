import { entrySize } from '../geometry/translation.ts';
import type { Descriptor } from '../hardware/descriptor/descriptor.ts';
import type { Config } from '../kernel/config.ts';
import { mmu_steps, resolve } from '../kernel/mmu.ts';
import type { EntryAccess, KernelOperation, PagesAbout } from '../kernel/operation.ts';
import type { State } from '../kernel/state.ts';
import { objectOf } from '../steps/perform.ts';
import type { Step, Value } from '../steps/step.ts';

/** What a story tells of a kernel's step beyond the step itself, taken from the state before the step. */
export type About =
  | AboutEntry
  /** The value of a field that is written, before the write. */
  | { readonly kind: 'field'; readonly before: Value }
  /** Pages that are freed. */
  | PagesAbout;

/** An entry of a page table that is read or written. */
export interface AboutEntry {
  readonly kind: 'entry';
  /** The page that holds it. */
  readonly pfn: number;
  /** Its index in that page. */
  readonly index: number;
  /**
   * The position of the table: its depth, and the first address that the entry translates. Null when no walk reaches
   * it.
   */
  readonly place: { readonly depth: number; readonly va: number } | null;
  /** Its physical address, and its contents. */
  readonly pa: number;
  readonly before: Descriptor;
}

/** Undefined when there is nothing to add. */
export function aboutStep(state: State, c: Config, step: Step): About | undefined {
  if (step.op === 'write') {
    return { kind: 'field', before: objectOf(state, step)?.[step.field] };
  }
  if (step.op !== 'call') return undefined;
  const { entries, about } = step.operation as KernelOperation;
  const access = entries?.(...step.args);
  return access ? aboutEntry(state, c, access) : about?.(state, ...step.args);
}

function aboutEntry(state: State, c: Config, access: EntryAccess): AboutEntry | undefined {
  const { mmu } = state;
  if (!mmu) return undefined;
  const pa = resolve(state, access.p);
  const pfn = Math.floor(pa / c.PAGE_SIZE);
  const index = (pa - pfn * c.PAGE_SIZE) / 8;
  const table = mmu.places.at(pfn).find((place) => place.table);
  return {
    kind: 'entry',
    pfn,
    index,
    place: table ? { depth: table.depth, va: table.va + index * entrySize(c.t, table.depth) } : null,
    pa,
    before: mmu_steps.read_at.run(state, pa),
  };
}
