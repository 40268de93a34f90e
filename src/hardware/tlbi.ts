import { entry_size } from '../geometry/translation.ts';
import { CONT } from './descriptor.ts';
import type { Mmu } from './mmu.ts';
import { caches, change_held, type Held, type Mark } from './stale.ts';

/** A TLB invalidate instruction, or a row of them over consecutive pages. */
export interface TlbiOp {
  /** `va`: VAAE1, VAALE1; `all`: VMALLE1. */
  readonly by: 'va' | 'all';
  /** Any address of the first page. */
  readonly va?: number;
  /** Consecutive pages, one instruction each. */
  readonly pages?: number;
  /** Leaves only: walk caches keep their tables (FACTS 2.3.5). */
  readonly last_level: boolean;
  /** With IS: on all CPUs; otherwise on the executing one alone. */
  readonly broadcast: boolean;
}

/**
 * Issue it on the executing CPU. It takes effect with the issuer's DSB. A translation whose overwriting is not visible
 * yet is not got rid of: walkers fetch the old descriptor again (FACTS 2.3.3).
 */
export function tlbi(m: Mmu, op: TlbiOp): void {
  const page = 2 ** m.t.page_shift;
  const va = op.by === 'all' ? Number.NEGATIVE_INFINITY : Math.floor(op.va! / page) * page;
  const size = op.by === 'all' ? Number.POSITIVE_INFINITY : (op.pages ?? 1) * page;
  const mark: Mark = { cpu: m.cpu, broadcast: op.broadcast, va, size };
  for (let depth = 0; depth < m.t.levels; depth++) {
    const stale = m.stale[depth]!;
    if (stale.count === 0) continue;
    const unit = entry_size(m.t, depth);
    const first = Math.floor(va / unit);
    const layers = op.by === 'all' ? stale.all() : stale.over(first, Math.ceil((va + size) / unit) - first);
    for (const layer of layers) {
      if (!layer.items.some((h) => covers(m, op, h))) continue;
      const todo = { depth, first: layer.first, n: layer.n };
      change_held(m, todo, (h) => (covers(m, op, h) ? marked(h, mark) : h));
      m.pending[m.cpu]!.marked.push(todo);
    }
  }
  if (op.broadcast && m.defect !== undefined) repeat(m, mark);
}

/** Whether the instruction invalidates a record, once complete. */
function covers(m: Mmu, op: TlbiOp, h: Held): boolean {
  if (op.last_level && h.table) return false;
  if (op.broadcast) return h.settled === 2 && h.except.length < m.cpus;
  return (h.settled === 2 || (h.settled === 1 && h.writer === m.cpu)) && caches(h, m.cpu);
}

/** For leaves it does not matter by which address; two equal marks are one. */
function marked(h: Held, mark: Mark): Held {
  const mine = h.table ? mark : { ...mark, va: Number.NEGATIVE_INFINITY, size: Number.POSITIVE_INFINITY };
  const known = h.marks.some(
    (k) => k.cpu === mine.cpu && k.broadcast === mine.broadcast && k.va === mine.va && k.size === mine.size,
  );
  if (known) return h;
  const marks = [...h.marks, mine].sort(
    (a, b) => a.cpu - b.cpu || Number(a.broadcast) - Number(b.broadcast) || a.va - b.va || a.size - b.size,
  );
  return { ...h, marks };
}

/** With the defect, accesses that outlived an earlier TLBI end with the next one, whatever that is for. */
function repeat(m: Mmu, mark: Mark): void {
  for (let depth = 0; depth < m.t.levels; depth++) {
    for (const layer of m.stale[depth]!.all()) {
      if (!layer.items.some((h) => h.late)) continue;
      const todo = { depth, first: layer.first, n: layer.n };
      change_held(m, todo, (h) => (h.late ? marked(h, mark) : h));
      m.pending[m.cpu]!.marked.push(todo);
    }
  }
}

export const contiguous = (h: Held): boolean => !h.table && (h.attr & CONT) !== 0;
