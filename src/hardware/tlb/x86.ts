import { entrySize } from '../../geometry/translation.ts';
import type { Mmu, Todo } from '../mmu.ts';
import { isGlobal } from './global.ts';
import { DONE, type Held, type Mark } from './held.ts';
import { changeHeld } from './stale.ts';

/**
 * What instructions of x86-64 take from the TLB and the paging-structure caches of the executing CPU (SDM 3A, 4.10.4.1). They
 * are serializing, so none leaves anything in flight. PCIDs are not modelled: there is one.
 */
export type X86Invalidation =
  /**
   * INVLPG: the translation of the address, global or not, and all entries of paging-structure caches. With EFER.TCE of AMD
   * those entries alone that lead to the address (APM 2, 3.1.7).
   */
  | { readonly by: 'invlpg'; readonly va: number; readonly tce?: boolean }
  /** MOV to CR3: all translations that are not global, and all entries of paging-structure caches. */
  | { readonly by: 'cr3' }
  /** MOV to CR4 that changes PGE: everything. */
  | { readonly by: 'pge' };

/** Invalidates on the executing CPU. */
export function invalidate(m: Mmu, op: X86Invalidation): void {
  const page = 2 ** m.t.page_shift;
  const at = op.by === 'invlpg' ? Math.floor(op.va / page) * page : Number.NEGATIVE_INFINITY;
  const end = op.by === 'invlpg' ? at + page : Number.POSITIVE_INFINITY;
  const everywhere = op.by !== 'invlpg' || !op.tce;
  const mark: Mark = {
    cpu: m.cpu,
    broadcast: false,
    va: at,
    end,
    spares_global: op.by === 'cr3',
    all_tables: everywhere,
  };
  const isCovered = (h: Held): boolean => h.table || op.by !== 'cr3' || !isGlobal(h.attr);
  // what a dropped entry of a cache leaves behind is judged by its marks, and must not be taken for older leaves
  for (const tables of [false, true]) {
    for (let depth = 0; depth < m.t.levels; depth++) {
      const unit = entrySize(m.t, depth);
      const one = { depth, first: Math.floor(at / unit), n: 1 };
      const todo: Todo[] =
        op.by !== 'invlpg' || (tables && everywhere)
          ? m.stale[depth]!.all().map(({ first, n }) => ({ depth, first, n }))
          : [one];
      for (const what of todo) drop(m, what, tables, mark, isCovered);
    }
  }
}

function drop(m: Mmu, todo: Todo, tables: boolean, mark: Mark, isCovered: (h: Held) => boolean): void {
  const left = (h: Held): Held | undefined => {
    if (h.table !== tables || !isCovered(h) || h.except.includes(m.cpu)) return h;
    const except = [...h.except, m.cpu].sort((a, b) => a - b);
    return except.length === m.cpus ? undefined : { ...h, except, marks: tables ? [...h.marks, mark] : [] };
  };
  for (const layer of m.stale[todo.depth]!.over(todo.first, todo.n)) {
    const last = layer.items.find((h) => h.table === tables && left(h) === undefined);
    const where = { depth: todo.depth, first: layer.first, n: layer.n };
    changeHeld(m, where, left, last && tables ? byAll(m, [...last.marks, mark]) : undefined);
  }
}

/** What every CPU has invalidated since it may have read the table. */
function byAll(m: Mmu, marks: readonly Mark[]): Mark[] {
  const of = (cpu: number): readonly Mark[] => marks.filter((k) => k.cpu === cpu);
  return m.everyone.slice(1).reduce(
    (all, cpu) =>
      all.flatMap((a) =>
        of(cpu).flatMap((b) => {
          const [va, end] = [Math.max(a.va, b.va), Math.min(a.end, b.end)];
          const spares = (a.spares_global ?? false) || (b.spares_global ?? false);
          const all = (a.all_tables ?? false) && (b.all_tables ?? false);
          return va < end || all ? [{ ...a, va, end, spares_global: spares, all_tables: all }] : [];
        }),
      ),
    of(m.everyone[0]!).map((k) => ({ ...k, cpu: DONE })),
  );
}

/** The same on every CPU: an interrupt for which the sender waits. */
export function invalidateEverywhere(m: Mmu, op: X86Invalidation): void {
  const { cpu } = m;
  for (const other of m.everyone) {
    m.cpu = other;
    invalidate(m, op);
  }
  m.cpu = cpu;
}
