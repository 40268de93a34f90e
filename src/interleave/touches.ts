import { entry_steps } from '../kernel/arch/arm64/pgtable.ts';
import { erase_step } from '../kernel/arch/arm64/table_pages.ts';
import { tlbi_step } from '../kernel/arch/arm64/tlbflush.ts';
import type { Access } from '../schedule/machine.ts';
import type { CallStep, Step } from '../steps/step.ts';

const { read_at, run_at, write_at, swap_run_at, barrier_dsb, barrier_isb } = entry_steps;

const READS = new Set<unknown>([read_at, run_at]);
const WRITES = new Set<unknown>([write_at, swap_run_at]);
const BARRIERS = new Set<unknown>([barrier_dsb, barrier_isb, tlbi_step]);

/** A step that reads or writes entries of a page table: which, and how many. */
export interface EntryAccess {
  /** As the step has it: below 0 it is a place in a fixmap slot. */
  readonly p: number;
  readonly n: number;
  readonly write: boolean;
}

/** What a step does to entries of page tables; null when it is none of those that do so one by one. */
export function entry_access(step: Step): EntryAccess | null {
  if (step.op !== 'call') return null;
  const write = WRITES.has(step.fn);
  if (!write && !READS.has(step.fn)) return null;
  const [p, n] = step.args as readonly number[];
  return { p: p!, n: (step.fn as unknown) === read_at ? 1 : n!, write };
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
 * Two names beside those of things: whoever changes "any X" changes an X that it does not name, and whoever reads all of X
 * reads "some X", which every change of an X writes.
 */
function touches_entries(step: CallStep): Access[] {
  const entry = entry_access(step);
  if (entry && !entry.write) {
    const names = pieces(entry.p, entry.n * 8);
    return [read('any entry'), ...(names ?? ['some entry']).map(read)];
  }
  // the order of writes, barriers and invalidations decides what a TLB may hold
  if (BARRIERS.has(step.fn)) return [read('any entry'), write('some entry')];
  const [pa, size] = step.args as readonly number[];
  const names = entry
    ? pieces(entry.p, entry.n * 8)
    : (step.fn as unknown) === erase_step
      ? pieces(pa!, size!)
      : null;
  if (names) return [read('any entry'), write('some entry'), ...names.map(write)];
  if (step.writes) return [write('any entry'), write('some entry')];
  return [read('any entry'), read('some entry')];
}

/** What a step of a kernel thread may touch, whatever the state. */
export function touches(step: Step): Access[] {
  switch (step.op) {
    case 'read':
      return [read(`any ${step.obj}`), read(`${step.obj} ${step.key}.${step.field}`)];
    case 'write':
      return [
        read(`any ${step.obj}`),
        write(`some ${step.obj}`),
        write(`${step.obj} ${step.key}.${step.field}`),
      ];
    case 'alloc':
    case 'free':
      return [write(`any ${step.obj}`), write(`some ${step.obj}`)];
    case 'call': {
      if (step.obj === 'mmu') return touches_entries(step);
      const access = step.writes ? write : read;
      // a few functions on struct pages look at the tables, too
      return [
        access(`any ${step.obj}`),
        access(`some ${step.obj}`),
        read('any entry'),
        read('some entry'),
        ...in_vars(step, access),
      ];
    }
    default:
      return [];
  }
}

/** Structures that are fields of `vars`. */
const VARS = new Set(['fail_alloc', 'warned', 'zonelists']);

const in_vars = (step: CallStep, access: (name: string) => Access): Access[] =>
  VARS.has(step.obj) ? [access('any vars'), access('some vars')] : [];
