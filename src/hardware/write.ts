import { entry_size, type Translation } from '../geometry/translation.ts';
import {
  AF,
  AP_RDONLY,
  AP_USER,
  CONT,
  DBM,
  type Descriptor,
  GP,
  INVALID,
  NG,
  PROT_NONE,
  PXN,
  PXN_TABLE,
  SW_DEVMAP,
  SW_DIRTY,
  SW_SPECIAL,
  UXN,
  UXN_TABLE,
} from './descriptor.ts';
import { cacheable, group_of, meaning } from './format.ts';
import type { Mmu, Violation } from './mmu.ts';
import { descriptor_at, type Entries, grouped, serve } from './places.ts';
import { change_held, type Held, natural, retire } from './stale.ts';

/**
 * Write `n` consecutive words from a physical address on, by the executing CPU: `d`, its address field ascending by
 * `stride` bytes. What becomes of the old descriptors follows from where walkers come by: see {@link Mmu}.
 */
export function write_entries(m: Mmu, pa: number, n: number, d: Descriptor, stride: number): void {
  const old = m.words.in(pa, n);
  m.words.fill(pa, n, d, stride);
  const page = 2 ** m.t.page_shift;
  const first = Math.floor(pa / page);
  const end = pa + 8 * n;
  for (const layer of m.places.over(first, Math.floor((end - 1) / page) - first + 1)) {
    for (const place of layer.items) {
      if (!place.table) continue;
      const size = entry_size(m.t, place.depth);
      const from = Math.max(pa, layer.first * page);
      const upto = Math.min(end, (layer.first + layer.n) * page);
      const entries = (
        at: number,
        stop: number,
        of: { pa: number; addr: number; stride: number; attr: number },
      ): Entries => ({
        depth: place.depth,
        va: place.va + ((at - layer.first * page) / 8) * size,
        n: (stop - at) / 8,
        addr: of.addr + ((at - of.pa) / 8) * of.stride,
        stride: of.stride,
        attr: of.attr,
      });
      const now = { pa, addr: d.addr, stride, attr: d.attr };
      let at = from;
      for (const run of old) {
        const start = Math.max(from, run.pa);
        const stop = Math.min(upto, run.pa + 8 * run.n);
        if (stop <= start) continue;
        if (at < start) change(m, at, undefined, entries(at, start, now));
        change(m, start, entries(start, stop, run), entries(start, stop, now));
        at = stop;
      }
      if (at < upto) change(m, at, undefined, entries(at, upto, now));
    }
  }
}

/** Zero whole or part of pages: what lies in freed memory that someone else uses, or in a new table page. */
export function erase(m: Mmu, pa: number, size: number): void {
  write_entries(m, pa, size / 8, INVALID, 0);
}

/** Like descriptors, `old` in memory before, `now` there already. */
function change(m: Mmu, pa: number, old: Entries | undefined, now: Entries): void {
  if (old !== undefined && same_run(old, now)) return;
  const was = old === undefined ? 'none' : meaning(m.t, old.depth, old.attr);
  const is = meaning(m.t, now.depth, now.attr);
  if (old !== undefined && was !== 'none') {
    if (is !== 'none') {
      check_live(m, old, now);
      check_stale(m, now);
    }
    retire(m, old, false);
  } else if (is !== 'none') check_stale(m, now);
  const hidden = old !== undefined && was === 'leaf' && !cacheable(m.t, old.attr);
  if (is === 'none') m.fresh.update(pa / 8, now.n, () => []);
  else if (was === 'none' || hidden) {
    const fault = hidden ? 'access-flag' : 'translation';
    m.fresh.update(pa / 8, now.n, () => [{ writer: m.cpu, settled: 0, synced: false, fault }]);
    m.pending[m.cpu]!.fresh.push({ depth: -1, first: pa / 8, n: now.n });
  }
  if (is === 'none') return;
  serve(m, now);
  forget_restored(m, now);
}

const same_run = (a: Entries, b: Entries): boolean =>
  a.addr === b.addr && a.attr === b.attr && (a.n === 1 || a.stride === b.stride);

/** Attributes that may change while an entry is live (FACTS 1.6); never next to the contiguous hint. */
const FREE =
  AP_USER |
  AP_RDONLY |
  AF |
  NG |
  GP |
  DBM |
  PXN |
  UXN |
  SW_DIRTY |
  SW_SPECIAL |
  SW_DEVMAP |
  PROT_NONE |
  PXN_TABLE |
  UXN_TABLE;

/** Whether one valid descriptor may take the place of another with no break in between. */
export function may_replace(t: Translation, old: Descriptor, now: Descriptor): boolean {
  if (t.arch === 'x86_64') return old.addr === now.addr;
  if (old.addr !== now.addr || ((old.attr ^ now.attr) & ~FREE) !== 0) return false;
  if (((old.attr | now.attr) & CONT) !== 0) return old.attr === now.attr;
  // global again while others may hold it for one address space only
  return (old.attr & NG) === 0 || (now.attr & NG) !== 0;
}

function violate(m: Mmu, rule: Violation['rule'], at: Entries, old: Descriptor, now: Descriptor): void {
  m.violations.push({ rule, va: at.va, size: at.n * entry_size(m.t, at.depth), cpu: m.cpu, old, now });
}

function check_live(m: Mmu, old: Entries, now: Entries): void {
  const [a, b] = [descriptor_at(old, 0), descriptor_at(now, 0)];
  const [y, z] = [descriptor_at(old, old.n - 1), descriptor_at(now, now.n - 1)];
  const kind = meaning(m.t, old.depth, old.attr);
  if (kind === 'leaf' && !cacheable(m.t, old.attr)) return;
  const same_kind = kind === meaning(m.t, now.depth, now.attr);
  if (!same_kind || !may_replace(m.t, a, b) || !may_replace(m.t, y, z)) violate(m, 'changed-live', old, a, b);
}

/** A new translation where a CPU may hold another one: break-before-make lacks its invalidation. */
function check_stale(m: Mmu, now: Entries): void {
  const size = entry_size(m.t, now.depth);
  const leaf = meaning(m.t, now.depth, now.attr) === 'leaf';
  for (let depth = 0; depth < m.t.levels; depth++) {
    const unit = entry_size(m.t, depth);
    const first = Math.floor(now.va / unit);
    const n = Math.ceil((now.va + now.n * size) / unit) - first;
    for (const layer of m.stale[depth]!.over(first, n)) {
      for (const h of layer.items) {
        if (h.except.length === m.cpus) continue;
        const new_here = descriptor_at(now, Math.max(0, (layer.first * unit - now.va) / size));
        const clash =
          depth === now.depth
            ? h.table === leaf || !may_replace(m.t, h, new_here)
            : depth < now.depth
              ? leaf && !h.table
              : leaf;
        if (!clash) continue;
        violate(
          m,
          'not-invalidated',
          { ...now, va: Math.max(now.va, layer.first * unit), n: 1 },
          h,
          new_here,
        );
        return;
      }
    }
  }
}

/** Memory says again what a CPU may hold: no record is needed. */
function forget_restored(m: Mmu, now: Entries): void {
  if (m.stale[now.depth]!.count === 0) return;
  const table = meaning(m.t, now.depth, now.attr) === 'table';
  const size = entry_size(m.t, now.depth);
  const group = table ? 1 : group_of(m.t, now.depth, now.attr);
  for (const piece of natural(m.t, now, table)) {
    for (const { entry, n } of grouped(piece.va / size, piece.n, group)) {
      for (const layer of m.stale[now.depth]!.over(entry, n)) {
        const addr = piece.addr + (layer.first - piece.va / size) * (table ? 2 ** m.t.page_shift : size);
        const again = (h: Held): boolean => h.addr === addr && h.attr === now.attr;
        if (!layer.items.some(again)) continue;
        const todo = { depth: now.depth, first: layer.first, n: layer.n };
        change_held(m, todo, (h) => (again(h) ? undefined : h));
      }
    }
  }
}
