import { usage_steps } from '../kernel/mm/sparse.ts';
import { mmu_steps } from '../kernel/mmu.ts';
import type { KernelOperation } from '../kernel/operation.ts';
import type { Access } from '../schedule/program/machine.ts';
import type { CallStep, Step } from '../steps/step.ts';

const { read_at, write_at, swap_at, barrier_dsb, barrier_isb } = mmu_steps;

const WRITES = new Set<unknown>([write_at, swap_at]);
const BARRIERS = new Set<unknown>([barrier_dsb, barrier_isb, mmu_steps.issue]);

/** A look that waits until there is something to see. */
export const waits = (step: Step): boolean =>
  step.op === 'call' && (step.operation as unknown) === usage_steps.any_kfree_rcu;

/** A step that reads or writes an entry of a page table. */
export interface EntryAccess {
  /** As the step has it: below 0 it is a place in a fixmap slot. */
  readonly p: number;
  readonly write: boolean;
}

/** What a step does to an entry of a page table; null when it is none of those that do so. */
export function entry_access(step: Step): EntryAccess | null {
  if (step.op !== 'call') return null;
  const write = WRITES.has(step.operation);
  if (!write && (step.operation as unknown) !== read_at) return null;
  return { p: step.args[0] as number, write };
}

/** Entries are told apart by the piece of memory they lie in. */
const PIECE = 512;
/** More of them in one step count as all there are. */
const MANY = 64;

const read = (name: string): Access => ({ name, write: false });
const write = (name: string): Access => ({ name, write: true });

function pieces(pa: number, size: number): string[] | null {
  const first = Math.floor(pa / PIECE);
  const n = Math.floor((pa + size - 1) / PIECE) - first + 1;
  if (pa < 0 || n > MANY) return null;
  return Array.from({ length: n }, (_, i) => `entries ${((first + i) * PIECE).toString(16)}`);
}

/*
 * Names beside those of things. "Any X" is written by who changes an X without saying which, and read by who reads or
 * changes one that it names. "Some X" is written by all who change one, and read by who may read any.
 */
function touches_entries(step: CallStep): Access[] {
  const entry = entry_access(step);
  // whether the page still is a table is looked up
  const page = entry ? [read('any pages')] : [];
  if (entry && !entry.write) {
    const names = pieces(entry.p, 8);
    return [...page, read('any entry'), ...(names ?? ['some entry']).map(read)];
  }
  // the order of writes, barriers and invalidations decides what a TLB may hold
  if (BARRIERS.has(step.operation)) return [read('any entry'), write('some entry')];
  const [pa, size] = step.args as readonly number[];
  const names = entry
    ? pieces(entry.p, 8)
    : (step.operation as unknown) === mmu_steps.clear_pages
      ? pieces(pa!, size!)
      : null;
  if (names) return [...page, read('any entry'), write('some entry'), ...names.map(write)];
  if (step.operation.writes) return [...page, write('any entry'), write('some entry')];
  return [read('any entry'), read('some entry')];
}

/**
 * What a step of a kernel thread may touch, whatever the state. A call may read everything, and changes what it is said to
 * change.
 */
export function touches(step: Step): Access[] {
  switch (step.op) {
    case 'read':
      return [read(`any ${step.obj}`), read(`${step.obj} ${step.key}.${step.field}`)];
    case 'write':
      return [read(`any ${step.obj}`), write(`${step.obj} ${step.key}.${step.field}`), write('some thing')];
    case 'alloc':
    case 'free':
      return [write(`any ${step.obj}`), write('some thing')];
    case 'call': {
      if (waits(step)) return [write(`any ${step.operation.obj}`)];
      if (step.operation.obj === 'mmu') return touches_entries(step);
      const entries = [read('any entry'), read('some entry')];
      if (!step.operation.writes) return [...entries, read('some thing')];
      return [
        ...entries,
        ...(step.operation as KernelOperation).changes.map((part) => write(`any ${part}`)),
        write('some thing'),
      ];
    }
    default:
      return [];
  }
}
