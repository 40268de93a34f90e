import { entrySize } from '../geometry/translation.ts';
import type { Descriptor } from '../hardware/descriptor.ts';
import type { Config } from '../kernel/config.ts';
import { mmu_steps, resolve } from '../kernel/mmu.ts';
import type { EntryAccess, KernelOperation, PagesAbout } from '../kernel/operation.ts';
import type { State } from '../kernel/state.ts';
import { objectOf } from '../steps/perform.ts';
import type { Step, Value } from '../steps/step.ts';

/** What a step of a kernel does not say itself, for whoever tells of it: as it is before the step. */
export type About =
  | AboutEntry
  /** A field that is written: its value. */
  | { readonly kind: 'field'; readonly before: Value }
  /** Pages that are given back. */
  | PagesAbout;

/** An entry of a page table that is read or written. */
export interface AboutEntry {
  readonly kind: 'entry';
  /** Of the page that holds it. */
  readonly pfn: number;
  /** Its place in that page. */
  readonly index: number;
  /** Where the table stands: its depth, and what the entry translates. Null when no walk comes by it. */
  readonly place: { readonly depth: number; readonly va: number } | null;
  /** Its physical address, and what is in it. */
  readonly pa: number;
  readonly before: Descriptor;
}

/** Undefined where there is no more to say. */
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
