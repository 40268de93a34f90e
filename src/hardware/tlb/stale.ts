import { entrySize, type Translation } from '../../geometry/translation.ts';
import { cacheable, groupOf, meaning, target } from '../descriptor/format.ts';
import type { Mmu, Todo } from '../mmu.ts';
import { contents, count, type Entries, grouped, slice, unserve } from '../walks/places.ts';
import { isGlobal } from './global.ts';
import { type Held, heldRule, isDone, type Mark, NOBODY, outputSize } from './held.ts';

/** Splits entries into runs whose output ascends with the address, or else into single entries. */
export function natural(t: Translation, e: Entries, table: boolean): Entries[] {
  if (e.n === 1 || e.stride === outputSize(t, e.depth, table)) return [e];
  return Array.from({ length: e.n }, (_, i) => slice(t, e, i, 1));
}

/**
 * Memory no longer has these entries; from now on they are translations that a CPU may still hold. `visible` says that
 * no walker can find them in memory any more.
 */
export function retire(m: Mmu, e: Entries, visible: boolean): void {
  const kind = meaning(m.t, e.depth, e.attr);
  if (kind === 'none' || (kind === 'leaf' && !cacheable(m.t, e.attr))) return;
  const table = kind === 'table';
  if (handOver(m, e, table, visible)) return;
  for (const piece of natural(m.t, e, table)) {
    const size = entrySize(m.t, e.depth);
    const group = table ? 1 : groupOf(m.t, e.depth, e.attr);
    for (const g of grouped(piece.va / size, piece.n, group)) {
      const first = piece.addr + (g.entry - piece.va / size) * outputSize(m.t, e.depth, table);
      addHeld(m, e.depth, g.entry, g.n, record(m, table, first, e.attr, visible));
    }
  }
  unserve(m, e, (child) => retire(m, child, visible));
}

const record = (m: Mmu, table: boolean, addr: number, attr: number, visible: boolean): Held => ({
  table,
  addr,
  attr,
  writer: visible ? -1 : m.cpu,
  settled: visible ? 2 : 0,
  except: [],
  flight: [],
  gone: false,
  late: NOBODY,
  marks: [],
});

/**
 * The common case: no CPU holds anything yet. The former contents of memory become what CPUs hold, and the number of
 * paths to the pages stays the same.
 */
function handOver(m: Mmu, e: Entries, table: boolean, visible: boolean): boolean {
  if (e.n > 1 && e.stride !== outputSize(m.t, e.depth, table)) return false;
  if (!table && groupOf(m.t, e.depth, e.attr) > 1) return false;
  const first = e.va / entrySize(m.t, e.depth);
  const stale = m.stale[e.depth]!;
  if (stale.over(first, e.n).length > 0) return false;
  const items = [record(m, table, e.addr, e.attr, visible)];
  stale.update(first, e.n, () => items);
  if (!visible) m.pending[m.cpu]!.unsettled.push({ depth: e.depth, first, n: e.n });
  return true;
}

function addHeld(m: Mmu, depth: number, first: number, n: number, item: Held): void {
  const rule = heldRule(m.t, depth);
  const added: { first: number; n: number; item: Held }[] = [];
  m.stale[depth]!.update(first, n, (layer) => {
    const here = rule.shift(item, layer.first - first);
    if (layer.items.some((h) => rule.same(h, here))) return layer.items;
    added.push({ first: layer.first, n: layer.n, item: here });
    return [...layer.items, here].sort(byHeld);
  });
  for (const a of added) refer(m, depth, a.first, a.n, a.item, 1);
  if (item.settled < 2) m.pending[m.cpu]!.unsettled.push({ depth, first, n });
}

const byHeld = (a: Held, b: Held): number => a.addr - b.addr || a.attr - b.attr || a.settled - b.settled;

/**
 * Counts a stale record as one more or one less path to the pages to which it leads; returns the tables that lost their
 * last path.
 */
function refer(m: Mmu, depth: number, first: number, n: number, h: Held, by: 1 | -1): Entries[] {
  const page = 2 ** m.t.page_shift;
  const size = entrySize(m.t, depth);
  const pa = target(m.t, h);
  const lost: Entries[] = [];
  const place = { va: first * size, depth: h.table ? depth + 1 : depth, table: h.table, refs: by };
  count(m, pa / page, h.table ? n : (n * size) / page, place, (layer, va) => {
    if (h.table && by < 0) lost.push(...contents(m, { first: layer.first, n: layer.n, va }, depth + 1));
  });
  return lost;
}

/**
 * Changes records over a stretch; undefined drops one. A dropped or gone walk-cache entry may have led to entries to
 * which nothing else leads; these may have been cached during a walk, so they stay held, except what the TLBI covers:
 * the complete marks of the record, or those given.
 */
export function changeHeld(
  m: Mmu,
  todo: Todo,
  image: (h: Held) => Held | undefined,
  endedBy?: readonly Mark[],
): void {
  const rule = heldRule(m.t, todo.depth);
  const dropped: { first: number; n: number; item: Held }[] = [];
  m.stale[todo.depth]!.update(todo.first, todo.n, (layer) => {
    const kept: Held[] = [];
    for (const item of layer.items) {
      const now = image(item);
      if (now === undefined || kept.some((k) => rule.same(k, now))) {
        if (!item.gone) dropped.push({ first: layer.first, n: layer.n, item });
        continue;
      }
      kept.push(now);
      if (now.gone && !item.gone)
        dropped.push({ first: layer.first, n: layer.n, item: { ...item, marks: now.marks } });
    }
    return kept.length < layer.items.length || kept.some((k, i) => k !== layer.items[i])
      ? kept.sort(byHeld)
      : layer.items;
  });
  for (const { first, n, item } of dropped) {
    for (const lost of refer(m, todo.depth, first, n, item, -1)) orphan(m, lost, endedBy ?? item.marks);
  }
}

/** Handles entries of a table to which neither memory nor a walk cache leads any more. */
function orphan(m: Mmu, e: Entries, marks: readonly Mark[]): void {
  const size = entrySize(m.t, e.depth);
  let from = 0;
  const leave = (upto: number, gone: boolean): void => {
    if (upto <= from) return;
    const piece = slice(m.t, e, from, upto - from);
    if (gone) unserve(m, piece, (child) => orphan(m, child, marks));
    else retire(m, piece, true);
    from = upto;
  };
  const end = e.va + e.n * size;
  const kind = meaning(m.t, e.depth, e.attr);
  if (kind === 'table' && marks.some((k) => isDone(k) && k.all_tables)) {
    leave(e.n, true);
    return;
  }
  const spared = m.t.arch === 'x86_64' && kind === 'leaf' && isGlobal(e.attr);
  const done = marks.filter((k) => isDone(k) && k.va < end && e.va < k.end && !(spared && k.spares_global));
  for (const k of done.sort((a, b) => a.va - b.va)) {
    leave(Math.min(e.n, Math.max(from, Math.floor((k.va - e.va) / size))), false);
    leave(Math.min(e.n, Math.ceil((k.end - e.va) / size)), true);
  }
  leave(e.n, false);
}
