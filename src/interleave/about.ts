import { entry_size } from '../geometry/translation.ts';
import type { Descriptor } from '../hardware/descriptor.ts';
import type { Config } from '../kernel/config.ts';
import { page_use } from '../kernel/mm/page.ts';
import { free_step } from '../kernel/mm/page_alloc/alloc_pages.ts';
import { mmu_steps, resolve } from '../kernel/mmu.ts';
import type { State } from '../kernel/state.ts';
import type { Step, Value } from '../steps/step.ts';
import { entry_access } from './touches.ts';

/** What a step of a kernel does not say itself, for whoever tells of it: as it is before the step. */
export type About =
  | AboutEntry
  /** A field that is written: its value. */
  | { readonly kind: 'field'; readonly before: Value }
  /** Pages that are given back: what the first of them is used for, as {@link USE} has it. */
  | { readonly kind: 'pages'; readonly use: number };

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
export function about_step(state: State, c: Config, step: Step): About | undefined {
  if (step.op === 'write') {
    const table = (state as unknown as Record<string, Map<number, Record<string, Value>>>)[step.obj];
    return { kind: 'field', before: table?.get(step.key)?.[step.field] };
  }
  if (step.op === 'call' && (step.operation as unknown) === free_step)
    return { kind: 'pages', use: page_use(state.pages.get(step.args[0] as number)) };
  return about_entry(state, c, step);
}

function about_entry(state: State, c: Config, step: Step): AboutEntry | undefined {
  const access = entry_access(step);
  const { mmu } = state;
  if (!access || !mmu) return undefined;
  const pa = resolve(state, access.p);
  const pfn = Math.floor(pa / c.PAGE_SIZE);
  const index = (pa - pfn * c.PAGE_SIZE) / 8;
  const table = mmu.places.at(pfn).find((place) => place.table);
  return {
    kind: 'entry',
    pfn,
    index,
    place: table ? { depth: table.depth, va: table.va + index * entry_size(c.t, table.depth) } : null,
    pa,
    before: mmu_steps.read_at.run(state, pa),
  };
}
