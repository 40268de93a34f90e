import type { KernelOperation } from '../kernel/operation.ts';
import type { Access } from '../schedule/program/machine.ts';
import type { CallStep, Step } from '../steps/step.ts';

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
function touchesCall({ operation, args }: CallStep): Access[] {
  const { obj, writes, changes, ready, entries, tables } = operation as KernelOperation;
  if (ready) return [write(`any ${obj}`)];
  const entry = entries?.(...args);
  if (entry) {
    const names = pieces(entry.p, entry.n * 8);
    // whether the page still is a table is looked up
    const page = read('any pages');
    if (!entry.write) return [page, read('any entry'), ...(names ?? ['some entry']).map(read)];
    return [page, ...writesEntries(names)];
  }
  const touched = tables?.(...args);
  // the order of writes, barriers and invalidations decides what a TLB may hold
  if (touched === 'order') return [read('any entry'), write('some entry')];
  if (touched === 'any') return writes ? writesEntries(null) : [read('any entry'), read('some entry')];
  if (touched) return writesEntries(pieces(touched.pa, touched.size));
  const all = [read('any entry'), read('some entry')];
  if (!writes) return [...all, read('some thing')];
  return [...all, ...changes.map((part) => write(`any ${part}`)), write('some thing')];
}

const writesEntries = (names: readonly string[] | null): Access[] =>
  names
    ? [read('any entry'), write('some entry'), ...names.map(write)]
    : [write('any entry'), write('some entry')];

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
    case 'call':
      return touchesCall(step);
    default:
      return [];
  }
}
