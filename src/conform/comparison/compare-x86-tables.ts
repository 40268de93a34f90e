import { bootRanges } from '../../boot/memory/sections.ts';
import { vaText } from '../../geometry/translation.ts';
import type { Mmu } from '../../hardware/mmu.ts';
import { leaves } from '../../hardware/walks/walk.ts';
import { attributes } from '../../kernel/arch/x86/include/asm/pgtable_types.ts';
import { leaf_address } from '../../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { PageReserved, page_use, USE } from '../../kernel/mm/page.ts';
import { phys_to_virt } from '../../kernel/pfn.ts';
import type { State } from '../../kernel/state.ts';
import { parseX86Leaves, type RecordedX86Leaf } from '../../machines/recording/x86-leaves.ts';
import type { FileTree } from '../../machines/sources/tree.ts';
import type { Tally } from '../tally.ts';

/** Compares the leaves of the linear map and of the memmap with a recording of x86-64. */

const LINEAR = 'kernel/directmap-pagetable.txt';
const MEMMAP = 'kernel/vmemmap-pagetable.txt';

interface Leaf {
  readonly va: number;
  size: number;
  readonly leaf_size: number;
  readonly attr: number;
  /** The output address, if it is not chance. */
  readonly pa: number | null;
  /** It maps the page that the leaf before it maps. */
  readonly again: boolean;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function merged(all: Iterable<Leaf>): Leaf[] {
  const list: Leaf[] = [];
  for (const leaf of all) {
    const last = list.at(-1);
    const goesOn =
      last &&
      last.va + last.size === leaf.va &&
      last.leaf_size === leaf.leaf_size &&
      last.attr === leaf.attr &&
      last.again === leaf.again &&
      (leaf.pa === null ? last.pa === null : last.pa !== null && last.pa + last.size === leaf.pa);
    if (goesOn) last.size += leaf.size;
    else list.push({ ...leaf });
  }
  return list;
}

const hex = (n: number): string => `0x${n.toString(16)}`;

const textOf = (leaf: Leaf | undefined): string =>
  leaf === undefined
    ? '(none)'
    : `${vaText(leaf.va)} +${hex(leaf.size)} by ${hex(leaf.leaf_size)} attr ${hex(leaf.attr)}${leaf.pa === null ? '' : ` at ${hex(leaf.pa)}`}${leaf.again ? ' again' : ''}`;

function check(tally: Tally, where: string, recorded: readonly Leaf[], model: readonly Leaf[]): void {
  for (let i = 0; i < Math.max(recorded.length, model.length); i++)
    tally.check('tables', `${where} leaves ${i + 1}`, textOf(recorded[i]), textOf(model[i]));
}

/** Single leaves of the model, ascending. */
function* modelLeaves(m: Mmu, k: Kernel, start: number, end: number): Generator<RecordedX86Leaf> {
  for (const run of leaves(m, start, end)) {
    const leafSize = 2 ** m.t.shift[run.depth]!;
    for (let i = 0; i < run.n; i++) {
      const pa = leaf_address(k.c, { addr: run.addr + i * run.stride, attr: run.attr });
      yield { va: run.start + i * leafSize, pa, n: 1, leaf_size: leafSize, attr: attributes(run) };
    }
  }
}

/** The part of a run of leaves in a span of physical addresses. */
const within = ({ pa, n, leaf_size }: RecordedX86Leaf, { start, end }: Span): Span => ({
  start: Math.max(pa, start),
  end: Math.min(pa + n * leaf_size, end),
});

/** The leaves of a run that lie in none of the spans, which begin and end with leaves. */
function outside(run: RecordedX86Leaf, spans: readonly Span[]): RecordedX86Leaf[] {
  const found: RecordedX86Leaf[] = [];
  const end = run.pa + run.n * run.leaf_size;
  let at = run.pa;
  const put = (upto: number): void => {
    const n = (upto - at) / run.leaf_size;
    if (n > 0) found.push({ ...run, va: run.va + at - run.pa, pa: at, n });
  };
  for (const span of spans) {
    const { start, end: stop } = within(run, span);
    if (start >= stop) continue;
    put(start);
    at = stop;
  }
  put(end);
  return found;
}

const joined = (spans: readonly Span[]): Span[] =>
  spans.reduce<Span[]>((list, span) => {
    const last = list.at(-1);
    if (last?.end === span.start) list[list.length - 1] = { start: last.start, end: span.end };
    else list.push(span);
    return list;
  }, []);

const spansText = (spans: readonly Span[]): string =>
  joined(spans)
    .map(({ start, end }) => `${hex(start)}-${hex(end)}`)
    .join(' ');

/** Physical memory that boot has mapped: its RAM, and the range below 1M. */
function bootSpans(k: Kernel, state: State): Span[] {
  const { PAGE_SIZE } = k.c;
  const ram = bootRanges(k.c, state).map(({ start, end }) => ({
    start: start * PAGE_SIZE,
    end: end * PAGE_SIZE,
  }));
  return joined(
    [
      { start: 0, end: 2 ** 20 },
      ...ram.map(({ start, end }) => ({ start: Math.max(start, 2 ** 20), end })),
    ].filter(({ start, end }) => start < end),
  );
}

/**
 * Boot memory: what is mapped, and where; no recorded leaf is larger than the model's. The kernel splits leaves, and
 * changes attributes, as it loads modules.
 */
function compareBoot(
  tally: Tally,
  spans: readonly Span[],
  recorded: readonly RecordedX86Leaf[],
  model: readonly RecordedX86Leaf[],
): void {
  for (const span of spans) {
    const name = `${LINEAR} ${hex(span.start)}-${hex(span.end)}`;
    const inSpan = (list: readonly RecordedX86Leaf[]) =>
      list.filter((leaf) => within(leaf, span).start < within(leaf, span).end);
    const [ours, theirs] = [inSpan(model), inSpan(recorded)];
    const mapped = (list: readonly RecordedX86Leaf[]): string =>
      spansText(list.map((leaf) => within(leaf, span)));
    tally.check('tables', `${name} mapped`, mapped(theirs), mapped(ours));
    let at = 0;
    for (const leaf of theirs) {
      const { start, end } = within(leaf, span);
      while (at < ours.length && within(ours[at]!, span).end <= start) at++;
      let least = Number.POSITIVE_INFINITY;
      for (let i = at; i < ours.length && within(ours[i]!, span).start < end; i++)
        least = Math.min(least, ours[i]!.leaf_size);
      const size = Math.min(leaf.leaf_size, least);
      tally.check(
        'tables',
        `${name} leaf at ${vaText(leaf.va)}`,
        `by at least ${hex(leaf.leaf_size)}`,
        `by at least ${hex(size)}`,
      );
    }
  }
}

function compareLinear(tally: Tally, text: string, tree: FileTree, state: State, k: Kernel): void {
  const recorded = parseX86Leaves(text, tree.source, LINEAR);
  const model = [...modelLeaves(state.mmu!, k, k.c.PAGE_OFFSET, k.c.PAGE_END)];
  const boot = bootSpans(k, state);
  compareBoot(tally, boot, recorded, model);
  tally.notCompared.add(
    `${LINEAR}: attributes and splits of boot memory: modules and BPF programs change them`,
  );
  const exact = (list: readonly RecordedX86Leaf[]): Leaf[] =>
    merged(
      list
        .flatMap((leaf) => outside(leaf, boot))
        .map(({ va, pa, n, leaf_size, attr }) => ({
          va,
          size: n * leaf_size,
          leaf_size,
          attr,
          pa,
          again: false,
        })),
    );
  for (const { va, pa } of recorded)
    tally.check('tables', `${LINEAR} ${vaText(va)}`, vaText(va), vaText(phys_to_virt(k.c, pa)));
  check(tally, LINEAR, exact(recorded), exact(model));
}

/** The memmap: where it lies is chance, unless it lies in the memory that it describes. */
function compareMemmap(tally: Tally, text: string, tree: FileTree, state: State, k: Kernel): void {
  const recorded = parseX86Leaves(text, tree.source, MEMMAP);
  const model = [...modelLeaves(state.mmu!, k, k.c.VMEMMAP_START, k.c.VMEMMAP_END)];
  const placed = new Map<number, number>();
  for (const { va, pa } of model) {
    const page = state.pages.get(pa / k.c.PAGE_SIZE);
    if (page_use(page) !== USE.MEMMAP && !PageReserved(page)) placed.set(va, pa);
  }
  function* single(list: readonly RecordedX86Leaf[]): Generator<Leaf> {
    let before = -1;
    for (const leaf of list) {
      for (let i = 0; i < leaf.n; i++) {
        const { leaf_size, attr } = leaf;
        const [va, pa] = [leaf.va + i * leaf_size, leaf.pa + i * leaf_size];
        yield { va, size: leaf_size, leaf_size, attr, pa: placed.has(va) ? pa : null, again: pa === before };
        before = pa;
      }
    }
  }
  check(tally, MEMMAP, merged(single(recorded)), merged(single(model)));
}

/** Compares both regions of a recorded step, if it has them. */
export function compareX86Tables(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  for (const [place, compare] of [
    [LINEAR, compareLinear],
    [MEMMAP, compareMemmap],
  ] as const) {
    const text = tree.readText(place);
    if (text === undefined) tally.notCompared.add(`${place}: not recorded`);
    else compare(tally, text, tree, state, k);
  }
}
