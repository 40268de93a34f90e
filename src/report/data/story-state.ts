import type { Translation } from '../../geometry/translation.ts';
import type { Descriptor } from '../../hardware/descriptor/descriptor.ts';
import { meaning, target, writable } from '../../hardware/descriptor/format.ts';
import type { Mmu } from '../../hardware/index.ts';
import type { Runs } from '../../hardware/memory/runs.ts';
import { mayMiss } from '../../hardware/tlb/fresh.ts';
import { held } from '../../hardware/tlb/reach.ts';
import { withLockNames } from '../../interleave/lock-names.ts';
import type { Page } from '../../kernel/mm/page.ts';
import type { resource, State } from '../../kernel/state.ts';
import type { View } from '../../schedule/semantics/view.ts';
import { numberText } from '../story/number.ts';
import { fieldText } from '../story/places.ts';
import { valueText } from '../story/values.ts';
import type { Snapshot } from './delta.ts';
import { hexText } from './plain.ts';
import type { EntryRange, FieldName, PageInterval, Scope } from './story-scope.ts';

/** States of a story as snapshots: what its scope names, by names that people use. */
export class StoryStates {
  readonly #scope: Scope;
  readonly #kernel: (view: View) => State | undefined;
  readonly #ofMmu = new WeakMap<Mmu, Snapshot>();
  readonly #ofPages = new WeakMap<Runs<Page>, Record<string, unknown>>();
  readonly #ofPart = new WeakMap<object, Record<string, unknown>>();

  /** @param kernel the kernel's state in a view; undefined for a program without a kernel */
  constructor(scope: Scope, kernel: (view: View) => State | undefined) {
    this.#scope = scope;
    this.#kernel = kernel;
  }

  at(view: View): Snapshot {
    const state = this.#kernel(view);
    const common = { threads: threadsOf(view), locks: locksOf(view, state) };
    if (!state) return { ...common, fields: this.#programFields(view) };
    return {
      ...common,
      ...(state.mmu ? this.#tables(state.mmu) : {}),
      pages: this.#pages(state),
      fields: this.#fields(state),
      vmap_areas: this.#remembered(state.vmap_areas, () => areasOf(state)),
      iomem: this.#remembered(state.iomem_resource, () => iomemOf(state.iomem_resource)),
    };
  }

  #remembered(part: object, make: () => Record<string, unknown>): Record<string, unknown> {
    const known = this.#ofPart.get(part) ?? make();
    this.#ofPart.set(part, known);
    return known;
  }

  #tables(mmu: Mmu): Snapshot {
    const known = this.#ofMmu.get(mmu);
    if (known) return known;
    const entries: Record<string, unknown> = {};
    for (const range of this.#scope.entries) entries[hexText(range.pa)] = wordsText(mmu, range);
    const made = { entries, held: heldOf(mmu), fresh: freshOf(mmu) };
    this.#ofMmu.set(mmu, made);
    return made;
  }

  #pages(state: State): Record<string, unknown> {
    const known = this.#ofPages.get(state.pages);
    if (known) return known;
    const made = Object.fromEntries(
      this.#scope.pages.map((interval) => [pagesName(interval), pagesText(state, interval)]),
    );
    this.#ofPages.set(state.pages, made);
    return made;
  }

  #fields(state: State): Record<string, unknown> {
    const found: Record<string, unknown> = {};
    for (const part of this.#scope.tables.keys()) {
      const rows = (state as unknown as Record<string, Map<number, Record<string, unknown>>>)[part]!;
      Object.assign(
        found,
        this.#remembered(rows, () => fieldsOf(state, part, rows, this.#scope.tables.get(part)!)),
      );
    }
    return found;
  }

  #programFields(view: View): Record<string, unknown> {
    const found: Record<string, unknown> = {};
    for (const [obj, names] of this.#scope.tables)
      for (const { key, field } of names) {
        const value = view.value(obj, key, field);
        const name = `${obj}${key === 0 && field === 'v' ? '' : `#${key}`}${field === 'v' ? '' : `.${field}`}`;
        if (value !== undefined) found[name] = numberText(value);
      }
    return found;
  }
}

const threadsOf = (view: View): Record<string, unknown> =>
  Object.fromEntries(view.threads.map(({ name, status }) => [name, status]));

function locksOf(view: View, state: State | undefined): Record<string, unknown> {
  const named = (name: string): string => (state ? withLockNames(state, name) : name);
  return Object.fromEntries(
    view.locks().map(({ name, holders, wanted }) => [named(name), { holders, wanted }]),
  );
}

/** "a table, pfn 0x40203" */
function descriptorText(t: Translation, depth: number, d: Descriptor): string {
  if (d.addr === 0 && d.attr === 0) return 'none';
  const kind = meaning(t, depth, d.attr);
  if (kind === 'none') return 'not valid';
  const pfn = `pfn ${hexText(target(t, d) / 2 ** t.page_shift)}`;
  if (kind === 'table') return `table, ${pfn}`;
  const what = depth === t.levels - 1 ? 'page' : 'block';
  return `${what}, ${writable(t, d.attr) ? '' : 'read-only, '}${pfn}`;
}

/** Runs of a range of entries beyond this are counted. */
const RUNS = 4;

function wordsText({ t, words }: Mmu, { pa, n, depth }: EntryRange): string {
  const text = (d: Descriptor): string =>
    depth === null ? (d.addr === 0 && d.attr === 0 ? 'none' : hexText(d.addr)) : descriptorText(t, depth, d);
  if (n === 1) return text(words.get(pa));
  const runs = words.in(pa, n);
  if (runs.length === 0) return 'none';
  const told = runs
    .slice(0, RUNS)
    .map((run) => `${run.n === n ? '' : `${hexText(run.pa)}: `}${run.n} × ${text(run)}`);
  return [...told, ...(runs.length > RUNS ? [`${runs.length - RUNS} more runs`] : [])].join('; ');
}

function heldOf(mmu: Mmu): Record<string, unknown> {
  const { t } = mmu;
  const span = t.entries[0]! * 2 ** t.shift[0]!;
  const found: Record<string, unknown> = {};
  for (const one of held(mmu, -span, span)) {
    if (one.held_by.length === 0 && one.in_flight.length === 0) continue;
    const name = `${one.level} ${hexText(one.va)}+${hexText(one.size)} -> ${hexText(one.pa)}`;
    let key = name;
    for (let nr = 2; key in found; nr++) key = `${name} (${nr})`;
    found[key] = {
      as: one.as,
      level: one.level,
      va: hexText(one.va),
      size: one.size,
      pfn: hexText(Math.floor(one.pa / 2 ** t.page_shift)),
      held_by: one.held_by,
      in_flight: one.in_flight,
      settled: one.settled,
    };
  }
  return found;
}

/** Descriptors that some CPU's walker may still find as they were. */
function freshOf(mmu: Mmu): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const { first, n, items } of mmu.fresh.all())
    for (const item of items) {
      const cpus = mmu.everyone.filter((cpu) => mayMiss(item, cpu));
      if (cpus.length > 0) found[hexText(first * 8)] = { n, writer: item.writer, may_miss: cpus };
    }
  return found;
}

const pagesName = ({ pfn, nr_pages }: PageInterval): string =>
  nr_pages === 1 ? hexText(pfn) : `${hexText(pfn)}-${hexText(pfn + nr_pages - 1)}`;

function pagesText(state: State, { pfn, nr_pages }: PageInterval): string {
  const texts = new Set<string>();
  for (const { value } of state.pages.in(pfn, pfn + nr_pages)) texts.add(valueText(state, 'page', value));
  return texts.size === 0 ? 'no struct page' : [...texts].slice(0, RUNS).join('; ');
}

function fieldsOf(
  state: State,
  part: string,
  rows: ReadonlyMap<number, Record<string, unknown>>,
  names: readonly FieldName[],
): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const { key, field } of names) {
    const row = rows.get(key);
    if (!row || !(field in row)) continue;
    found[fieldText(state, { obj: part, key, field })] = fieldValue(state, part, field, row[field]);
  }
  return found;
}

function fieldValue(state: State, part: string, field: string, value: unknown): string {
  if (Array.isArray(value) && value.length > 4 && value.every((one) => typeof one !== 'object'))
    return value.map(numberText).join(', ');
  return valueText(state, `${part}.${field}`, value);
}

const areasOf = (state: State): Record<string, unknown> =>
  Object.fromEntries(
    state.vmap_areas.map(({ va_start, va_end, vm }) => [
      hexText(va_start),
      { size: va_end - va_start, mapped: vm !== null, pages: vm?.pages.length ?? 0 },
    ]),
  );

/** The tree of /proc/iomem: names by range, children after their parents. */
export function iomemOf(root: resource): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  const add = (of: resource, depth: number): void => {
    for (const child of of.children) {
      let key = `${hexText(child.start)}-${hexText(child.end)}`;
      while (key in found) key += ' ';
      found[key] = { name: child.name, depth };
      add(child, depth + 1);
    }
  };
  add(root, 0);
  return found;
}
