import { entrySize } from '../../geometry/translation.ts';
import { INVALID } from '../descriptor/descriptor.ts';
import { groupOf, target } from '../descriptor/format.ts';
import type { Mmu, Todo } from '../mmu.ts';
import { caches, type Held, type Mark, NOBODY } from './held.ts';
import { changeHeld } from './stale.ts';

/** A TLB invalidate instruction, or a series of them over consecutive pages. */
export interface TlbiOp {
  /** `va`: VAAE1, VAALE1; `all`: VMALLE1. */
  readonly by: 'va' | 'all';
  /** Any address of the first page. */
  readonly va?: number;
  /** Consecutive pages, one instruction each; 0 means no instruction at all. */
  readonly pages?: number;
  /** Leaves only (VALE1, VAALE1): walk caches keep their table entries. */
  readonly last_level: boolean;
  /** With IS: on all CPUs; otherwise only on the executing CPU. */
  readonly broadcast: boolean;
}

/**
 * Issues it on the executing CPU. It takes effect with the issuer's DSB. A translation whose descriptor was
 * overwritten, but not yet visibly, stays, because walkers fetch the old descriptor again.
 */
export function tlbi(m: Mmu, op: TlbiOp): void {
  if (op.pages === 0) return;
  const page = 2 ** m.t.page_shift;
  const va = op.by === 'all' ? Number.NEGATIVE_INFINITY : Math.floor(op.va! / page) * page;
  const end = op.by === 'all' ? Number.POSITIVE_INFINITY : va + (op.pages ?? 1) * page;
  const mark: Mark = { cpu: m.cpu, broadcast: op.broadcast, va, end };
  for (let depth = 0; depth < m.t.levels; depth++) {
    const stale = m.stale[depth]!;
    if (stale.count === 0) continue;
    const unit = entrySize(m.t, depth);
    const first = Math.floor(va / unit);
    const layers = op.by === 'all' ? stale.all() : stale.over(first, Math.ceil(end / unit) - first);
    for (const layer of layers) {
      if (!layer.items.some((h) => covers(m, op, h))) continue;
      const todo = { depth, first: layer.first, n: layer.n };
      if (op.by === 'va') {
        for (const h of layer.items) if (covers(m, op, h)) checkGroup(m, todo, h, layer.items);
      }
      changeHeld(m, todo, (h) => (covers(m, op, h) ? marked(h, mark) : h));
      m.pending[m.cpu]!.marked.push(todo);
    }
  }
  if (op.broadcast && m.defect !== undefined) repeat(m, mark);
}

/** Whether the instruction invalidates a record, once complete. */
function covers(m: Mmu, op: TlbiOp, h: Held): boolean {
  if (op.last_level && h.table) return false;
  // includes what others only have in flight: that ends when a TLBI by another CPU is complete
  if (op.broadcast) return h.settled === 2;
  return (h.settled === 2 || (h.settled === 1 && h.writer === m.cpu)) && caches(h, m.cpu);
}

/** Adds a mark. For leaves the address does not matter; two equal marks are one. */
function marked(h: Held, mark: Mark): Held {
  const mine = h.table ? mark : { ...mark, va: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY };
  const known = h.marks.some(
    (k) => k.cpu === mine.cpu && k.broadcast === mine.broadcast && k.va === mine.va && k.end === mine.end,
  );
  if (known) return h;
  const marks = [...h.marks, mine].sort(
    (a, b) => a.cpu - b.cpu || Number(a.broadcast) - Number(b.broadcast) || a.va - b.va || a.end - b.end,
  );
  return { ...h, marks };
}

/** With the defect, accesses that outlived an earlier TLBI end with the next TLBI, whatever it covers. */
function repeat(m: Mmu, mark: Mark): void {
  for (let depth = 0; depth < m.t.levels; depth++) {
    for (const layer of m.stale[depth]!.all()) {
      if (!layer.items.some((h) => h.late !== NOBODY)) continue;
      const todo = { depth, first: layer.first, n: layer.n };
      changeHeld(m, todo, (h) => (h.late === NOBODY ? h : marked(h, mark)));
      m.pending[m.cpu]!.marked.push(todo);
    }
  }
}

/** All entries of a contiguous group must be invalid before a TLBI for it (Arm ARM D8, the Contiguous bit). */
function checkGroup(m: Mmu, at: Todo, h: Held, others: readonly Held[]): void {
  if (h.table || groupOf(m.t, at.depth, h.attr) === 1) return;
  const page = 2 ** m.t.page_shift;
  const size = entrySize(m.t, at.depth);
  const va = at.first * size;
  const records = others.filter((o) => !o.table && o.addr === h.addr).length;
  const first = target(m.t, h) / page;
  for (const layer of m.places.over(first, (at.n * size) / page)) {
    const here = va + (layer.first - first) * page;
    const alive = layer.items.some(
      (p) => !p.table && p.depth === at.depth && p.va === here && p.refs > records,
    );
    if (!alive) continue;
    const old = { addr: h.addr + (here - va), attr: h.attr };
    const rule = 'contiguous-group';
    m.violations.push({ rule, va: here, size: layer.n * page, cpu: m.cpu, old, now: INVALID });
  }
}
