import { entryIndex, entrySize, hardwareLevel } from '../../geometry/translation.ts';
import { CONT, type Descriptor } from '../descriptor/descriptor.ts';
import { cacheable, groupEntries, meaning, target, writable } from '../descriptor/format.ts';
import type { Mmu } from '../mmu.ts';
import { mayMiss } from '../tlb/fresh.ts';
import { caches, mayUse } from '../tlb/held.ts';
import { mayReplace } from './write.ts';

/** The result of an access: a place in physical memory, or a fault. */
export type AccessOutcome = Translated | Faulted;

export interface Translated {
  readonly pa: number;
  /** Attributes of the translating descriptor. */
  readonly attr: number;
  /** Depth of that descriptor. */
  readonly depth: number;
}

/** A synchronous abort, by its status code; `conflict` is the TLB conflict abort. */
export interface Faulted {
  readonly fault: 'translation' | 'access-flag' | 'permission' | 'conflict';
  /** The architecture's level; -1 to 3. */
  readonly level: number;
}

/**
 * A translation that an access may use. `kept` tells whether a TLB may keep it or a walk may find it, so that it is not
 * merely in flight.
 */
interface Leaf {
  readonly depth: number;
  readonly d: Descriptor;
  readonly kept: boolean;
}

/**
 * All results that an access of the executing CPU through a virtual address may have now, in a fixed order: through
 * memory as walkers may find it, and through every translation that the CPU may still hold.
 */
export function access(m: Mmu, va: number, write: boolean): AccessOutcome[] {
  const { leaves, faults } = translations(m, va, write);
  const found = new Map<string, AccessOutcome>();
  const put = (o: AccessOutcome): void => {
    found.set('fault' in o ? `~${o.fault} ${o.level}` : `${o.pa} ${o.attr} ${o.depth}`, o);
  };
  for (const leaf of leaves) put(use(m, leaf, va, write));
  for (const fault of faults) put(fault);
  const clash = conflicting(m, leaves);
  if (clash !== undefined) put({ fault: 'conflict', level: hardwareLevel(m.t, clash.depth) });
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, o]) => o);
}

function use(m: Mmu, { depth, d }: Leaf, va: number, write: boolean): AccessOutcome {
  const level = hardwareLevel(m.t, depth);
  if (!cacheable(m.t, d.attr)) return { fault: 'access-flag', level };
  if (write && !writable(m.t, d.attr)) return { fault: 'permission', level };
  const size = entrySize(m.t, depth);
  return { pa: target(m.t, d) + (va - Math.floor(va / size) * size), attr: d.attr, depth };
}

/**
 * A table on the path of a walk. `kept` tells whether memory or a walk cache leads there, so that it is not merely in
 * flight.
 */
interface Walked {
  /** Depth of the entries in it. */
  readonly depth: number;
  readonly pa: number;
  readonly kept: boolean;
}

/**
 * Every leaf at which a walk of the executing CPU may end or which its TLB may hold for an address, every table that
 * the walk may pass, and every fault that it may raise.
 */
export function translations(
  m: Mmu,
  va: number,
  write: boolean,
): { leaves: Leaf[]; tables: Walked[]; faults: Faulted[] } {
  const leaves: Leaf[] = [];
  const tables: Walked[] = [];
  const faults: Faulted[] = [];
  const seen = new Set<string>();
  const walk = (depth: number, table: number, kept: boolean): void => {
    const key = `${depth} ${table} ${kept}`;
    if (seen.has(key)) return;
    seen.add(key);
    tables.push({ depth, pa: table, kept });
    const index = entryIndex(m.t, depth, va);
    const pa = table + 8 * index;
    const d = m.words.get(pa);
    const level = hardwareLevel(m.t, depth);
    const kind = meaning(m.t, depth, d.attr);
    if (kind === 'none') faults.push({ fault: 'translation', level });
    else if (kind === 'leaf') leaves.push({ depth, d, kept });
    else walk(depth + 1, target(m.t, d), kept);
    for (const f of m.fresh.at(pa / 8)) if (mayMiss(f, m.cpu)) faults.push({ fault: f.fault, level });
    // other members of a contiguous group translate for the whole group (Arm ARM D8, the Contiguous bit)
    const group = m.t.arch === 'x86_64' ? 1 : groupEntries(m.t, depth);
    const start = index - (index % group);
    for (const run of group === 1 ? [] : m.words.in(table + 8 * start, group)) {
      if ((run.attr & CONT) === 0 || meaning(m.t, depth, run.attr) !== 'leaf' || !cacheable(m.t, run.attr))
        continue;
      const size = entrySize(m.t, depth);
      for (let i = 0; i < run.n; i++) {
        const at = (run.pa - table) / 8 + i;
        leaves.push({
          depth,
          d: { addr: run.addr + i * run.stride + (index - at) * size, attr: run.attr },
          kept,
        });
      }
    }
  };
  walk(0, m.root, true);
  for (let depth = 0; depth < m.t.levels; depth++) {
    for (const h of m.stale[depth]!.at(Math.floor(va / entrySize(m.t, depth)))) {
      if (!mayUse(h, m.cpu, write)) continue;
      if (h.gone) continue;
      if (h.table) walk(depth + 1, target(m.t, h), caches(h, m.cpu));
      else leaves.push({ depth, d: h, kept: caches(h, m.cpu) });
    }
  }
  return { leaves, tables, faults };
}

/** Two translations of one address that a TLB may hold at once although they conflict; undefined if there are none. */
function conflicting(m: Mmu, leaves: readonly Leaf[]): Leaf | undefined {
  const kept = leaves.filter((leaf) => leaf.kept && cacheable(m.t, leaf.d.attr));
  return kept.find((a, i) =>
    kept
      .slice(0, i)
      .some(
        (b) =>
          a.depth !== b.depth || (a.d !== b.d && !mayReplace(m.t, b.d, a.d) && !mayReplace(m.t, a.d, b.d)),
      ),
  );
}
