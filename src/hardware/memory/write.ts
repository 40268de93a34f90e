import { entrySize, type Translation } from '../../geometry/translation.ts';
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
} from '../descriptor/descriptor.ts';
import { cacheable, groupOf, meaning } from '../descriptor/format.ts';
import type { Mmu, RuleViolation } from '../mmu.ts';
import type { Held } from '../tlb/held.ts';
import { changeHeld, natural, retire } from '../tlb/stale.ts';
import { descriptorAt, type Entries, grouped, serve } from '../walks/places.ts';
import type { WordRun } from './words.ts';

/** Descriptors of one kind at one place of the address space: the old contents of memory, and the new ones. */
interface Change {
  /** The physical address of the first descriptor. */
  readonly pa: number;
  readonly old: Entries | undefined;
  readonly now: Entries;
}

/**
 * Write `n` consecutive words from a physical address on, by the executing CPU: `d`, its address field ascending by
 * `stride` bytes. What happens to the old descriptors depends on the paths of walkers: see {@link Mmu}. x86 needs no
 * barrier: stores become visible to all in order, and what is not present is never cached.
 */
export function writeEntries(m: Mmu, pa: number, n: number, d: Descriptor, stride: number): void {
  write(m, pa, n, d, stride, true);
}

/**
 * {@link writeEntries} followed by DSB ISHST and ISB, for a CPU that has nothing else pending: the writer's new entries
 * are visible and fetched at once.
 */
export function installEntries(m: Mmu, pa: number, n: number, d: Descriptor, stride: number): void {
  write(m, pa, n, d, stride, false);
}

function write(m: Mmu, pa: number, n: number, d: Descriptor, stride: number, fresh: boolean): void {
  if (n === 0) return;
  const changes = changesOf(m, m.words.in(pa, n), { pa, n, addr: d.addr, stride, attr: d.attr });
  // the targets of the old words are computed before the write, those of the new words after it
  for (const change of changes) takeAway(m, change);
  m.words.fill(pa, n, d, stride);
  for (const change of changes) bringIn(m, change, fresh);
}

function changesOf(m: Mmu, old: readonly WordRun[], now: WordRun): Change[] {
  const page = 2 ** m.t.page_shift;
  const first = Math.floor(now.pa / page);
  const end = now.pa + 8 * now.n;
  const changes: Change[] = [];
  for (const layer of m.places.over(first, Math.floor((end - 1) / page) - first + 1)) {
    for (const place of layer.items) {
      if (!place.table) continue;
      const start = layer.first * page;
      const size = entrySize(m.t, place.depth);
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
        if (before === undefined || !sameRun(before, after))
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

/** Zeroes whole pages or parts of one: the contents of freed memory that another owner uses, or of a new table page. */
export function erase(m: Mmu, pa: number, size: number): void {
  if (m.words.in(pa, size / 8).length === 0) return;
  writeEntries(m, pa, size / 8, INVALID, 0);
}

/** Before the write: reports the rules it breaks, and records what CPUs may continue to hold. */
function takeAway(m: Mmu, { old, now }: Change): void {
  const valid = meaning(m.t, now.depth, now.attr) !== 'none';
  const x86 = m.t.arch === 'x86_64';
  // the rules are Arm's; x86 lets a walker find either entry (SDM 3A, 4.10.2.3)
  if (valid && !x86) checkStale(m, now);
  if (old === undefined || meaning(m.t, old.depth, old.attr) === 'none') return;
  if (valid && !x86) checkLive(m, old, now);
  retire(m, old, x86);
}

/** After the write: records what walkers may find, and what they may not find yet. */
function bringIn(m: Mmu, { pa, old, now }: Change, fresh: boolean): void {
  const word = pa / 8;
  if (meaning(m.t, now.depth, now.attr) === 'none') {
    if (m.fresh.count > 0) m.fresh.update(word, now.n, () => []);
    return;
  }
  const was = old === undefined ? 'none' : meaning(m.t, old.depth, old.attr);
  const flagged = was === 'leaf' && !cacheable(m.t, old!.attr);
  if (!fresh || m.t.arch === 'x86_64') {
    if (m.fresh.count > 0) m.fresh.update(word, now.n, () => []);
  } else if (was === 'none' || flagged) {
    const fault = flagged ? 'access-flag' : 'translation';
    m.fresh.update(word, now.n, () => [
      { writer: m.cpu, settled: 0, synced: false, waited: [], fetched: [], fault },
    ]);
    m.pending[m.cpu]!.fresh.push({ depth: -1, first: word, n: now.n });
  }
  serve(m, now);
  forgetRestored(m, now);
}

/** Bits that hardware ignores: changing only these changes nothing for hardware. */
const SOFTWARE = SW_DIRTY | SW_SPECIAL | SW_DEVMAP | PROT_NONE;
const sameAttr = (a: number, b: number): boolean => ((a ^ b) & ~SOFTWARE) === 0;

const sameRun = (a: Entries, b: Entries): boolean =>
  a.addr === b.addr && sameAttr(a.attr, b.attr) && (a.n === 1 || a.stride === b.stride);

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

/** Whether one valid descriptor may replace another without break-before-make. */
export function mayReplace(t: Translation, old: Descriptor, now: Descriptor): boolean {
  if (t.arch === 'x86_64') return old.addr === now.addr;
  if (old.addr !== now.addr || ((old.attr ^ now.attr) & ~FREE) !== 0) return false;
  if (((old.attr | now.attr) & CONT) !== 0) return sameAttr(old.attr, now.attr);
  // the entry becomes global again while others may hold it for one address space only
  return (old.attr & NG) === 0 || (now.attr & NG) !== 0;
}

function violate(m: Mmu, rule: RuleViolation['rule'], at: Entries, old: Descriptor, now: Descriptor): void {
  m.violations.push({ rule, va: at.va, size: at.n * entrySize(m.t, at.depth), cpu: m.cpu, old, now });
}

function checkLive(m: Mmu, old: Entries, now: Entries): void {
  const [a, b] = [descriptorAt(old, 0), descriptorAt(now, 0)];
  const [y, z] = [descriptorAt(old, old.n - 1), descriptorAt(now, now.n - 1)];
  const kind = meaning(m.t, old.depth, old.attr);
  if (kind === 'leaf' && !cacheable(m.t, old.attr)) return;
  const sameKind = kind === meaning(m.t, now.depth, now.attr);
  if (!sameKind || !mayReplace(m.t, a, b) || !mayReplace(m.t, y, z)) violate(m, 'changed-live', old, a, b);
}

/** Reports a new translation where a CPU may hold another one: break-before-make without its invalidation. */
function checkStale(m: Mmu, now: Entries): void {
  const size = entrySize(m.t, now.depth);
  const leaf = meaning(m.t, now.depth, now.attr) === 'leaf';
  for (let depth = 0; depth < m.t.levels; depth++) {
    const unit = entrySize(m.t, depth);
    const first = Math.floor(now.va / unit);
    const n = Math.ceil((now.va + now.n * size) / unit) - first;
    for (const layer of m.stale[depth]!.over(first, n)) {
      for (const h of layer.items) {
        if (h.except.length === m.cpus) continue;
        const newHere = descriptorAt(now, Math.max(0, (layer.first * unit - now.va) / size));
        const clash =
          depth === now.depth
            ? h.table === leaf || !mayReplace(m.t, h, newHere)
            : depth < now.depth
              ? leaf && !h.table
              : leaf;
        if (!clash) continue;
        violate(m, 'not-invalidated', { ...now, va: Math.max(now.va, layer.first * unit), n: 1 }, h, newHere);
        return;
      }
    }
  }
}

/** Memory has again what a CPU may hold, so no record is needed. */
function forgetRestored(m: Mmu, now: Entries): void {
  if (m.stale[now.depth]!.count === 0) return;
  const table = meaning(m.t, now.depth, now.attr) === 'table';
  const size = entrySize(m.t, now.depth);
  const group = table ? 1 : groupOf(m.t, now.depth, now.attr);
  for (const piece of natural(m.t, now, table)) {
    for (const { entry, n } of grouped(piece.va / size, piece.n, group)) {
      for (const layer of m.stale[now.depth]!.over(entry, n)) {
        const addr = piece.addr + (layer.first - piece.va / size) * (table ? 2 ** m.t.page_shift : size);
        const again = (h: Held): boolean => h.addr === addr && sameAttr(h.attr, now.attr);
        if (!layer.items.some(again)) continue;
        const todo = { depth: now.depth, first: layer.first, n: layer.n };
        changeHeld(m, todo, (h) => (again(h) ? undefined : h));
      }
    }
  }
}
