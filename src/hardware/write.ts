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
import type { Held } from './held.ts';
import type { Mmu, Violation } from './mmu.ts';
import { descriptor_at, type Entries, grouped, serve } from './places.ts';
import { change_held, natural, retire } from './stale.ts';
import type { WordRun } from './words.ts';

/** Like descriptors at one place of the address space: what memory had there, and what it gets. */
interface Change {
  /** Physical address of the first. */
  readonly pa: number;
  readonly old: Entries | undefined;
  readonly now: Entries;
}

/**
 * Write `n` consecutive words from a physical address on, by the executing CPU: `d`, its address field ascending by
 * `stride` bytes. What becomes of the old descriptors follows from where walkers come by: see {@link Mmu}.
 */
export function write_entries(m: Mmu, pa: number, n: number, d: Descriptor, stride: number): void {
  write(m, pa, n, d, stride, true);
}

/**
 * Write, with what makes new entries visible and fetched again by the writer already done: {@link write_entries} and then
 * DSB ISHST; ISB, for a CPU with nothing else to wait for.
 */
export function install_entries(m: Mmu, pa: number, n: number, d: Descriptor, stride: number): void {
  write(m, pa, n, d, stride, false);
}

function write(m: Mmu, pa: number, n: number, d: Descriptor, stride: number, fresh: boolean): void {
  if (n === 0) return;
  const changes = changes_of(m, m.words.in(pa, n), { pa, n, addr: d.addr, stride, attr: d.attr });
  // what the old words lead to is found while they are there, what the new ones lead to once they are
  for (const change of changes) take_away(m, change);
  m.words.fill(pa, n, d, stride);
  for (const change of changes) bring_in(m, change, fresh);
}

function changes_of(m: Mmu, old: readonly WordRun[], now: WordRun): Change[] {
  const page = 2 ** m.t.page_shift;
  const first = Math.floor(now.pa / page);
  const end = now.pa + 8 * now.n;
  const changes: Change[] = [];
  for (const layer of m.places.over(first, Math.floor((end - 1) / page) - first + 1)) {
    for (const place of layer.items) {
      if (!place.table) continue;
      const start = layer.first * page;
      const size = entry_size(m.t, place.depth);
      const entries = (from: number, upto: number, of: WordRun): Entries => ({
        depth: place.depth,
        va: place.va + ((from - start) / 8) * size,
        n: (upto - from) / 8,
        addr: of.addr + ((from - of.pa) / 8) * of.stride,
        stride: of.stride,
        attr: of.attr,
      });
      const put = (from: number, upto: number, was: WordRun | undefined): void => {
        if (upto <= from) return;
        const before = was && entries(from, upto, was);
        const after = entries(from, upto, now);
        if (before === undefined || !same_run(before, after))
          changes.push({ pa: from, old: before, now: after });
      };
      let at = Math.max(now.pa, start);
      const stop = Math.min(end, start + layer.n * page);
      for (const run of old) {
        const from = Math.max(at, run.pa);
        const upto = Math.min(stop, run.pa + 8 * run.n);
        if (upto <= from) continue;
        put(at, from, undefined);
        put(from, upto, run);
        at = upto;
      }
      put(at, stop, undefined);
    }
  }
  return changes;
}

/** Zero whole or part of pages: what lies in freed memory that someone else uses, or in a new table page. */
export function erase(m: Mmu, pa: number, size: number): void {
  if (m.words.in(pa, size / 8).length === 0) return;
  write_entries(m, pa, size / 8, INVALID, 0);
}

/** Before the write: what rules it breaks, and what CPUs may go on holding. */
function take_away(m: Mmu, { old, now }: Change): void {
  const valid = meaning(m.t, now.depth, now.attr) !== 'none';
  if (valid) check_stale(m, now);
  if (old === undefined || meaning(m.t, old.depth, old.attr) === 'none') return;
  if (valid) check_live(m, old, now);
  retire(m, old, false);
}

/** After the write: what walkers may find, and may not find yet. */
function bring_in(m: Mmu, { pa, old, now }: Change, fresh: boolean): void {
  const word = pa / 8;
  if (meaning(m.t, now.depth, now.attr) === 'none') {
    if (m.fresh.count > 0) m.fresh.update(word, now.n, () => []);
    return;
  }
  const was = old === undefined ? 'none' : meaning(m.t, old.depth, old.attr);
  const flagged = was === 'leaf' && !cacheable(m.t, old!.attr);
  if (!fresh) {
    if (m.fresh.count > 0) m.fresh.update(word, now.n, () => []);
  } else if (was === 'none' || flagged) {
    const fault = flagged ? 'access-flag' : 'translation';
    m.fresh.update(word, now.n, () => [
      { writer: m.cpu, settled: 0, synced: false, waited: [], fetched: [], fault },
    ]);
    m.pending[m.cpu]!.fresh.push({ depth: -1, first: word, n: now.n });
  }
  serve(m, now);
  forget_restored(m, now);
}

/** Bits that hardware makes nothing of: a change of these is none to it. */
const SOFTWARE = SW_DIRTY | SW_SPECIAL | SW_DEVMAP | PROT_NONE;
const same_attr = (a: number, b: number): boolean => ((a ^ b) & ~SOFTWARE) === 0;

const same_run = (a: Entries, b: Entries): boolean =>
  a.addr === b.addr && same_attr(a.attr, b.attr) && (a.n === 1 || a.stride === b.stride);

/** Attributes that may change while an entry is live, without break-before-make; never with the contiguous hint. */
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
  if (((old.attr | now.attr) & CONT) !== 0) return same_attr(old.attr, now.attr);
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
        const again = (h: Held): boolean => h.addr === addr && same_attr(h.attr, now.attr);
        if (!layer.items.some(again)) continue;
        const todo = { depth: now.depth, first: layer.first, n: layer.n };
        change_held(m, todo, (h) => (again(h) ? undefined : h));
      }
    }
  }
}
