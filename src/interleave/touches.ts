import type { KernelOperation } from '../kernel/operation.ts';
import type { Access } from '../schedule/program/semantics.ts';
import type { CallStep, Step } from '../steps/step.ts';

/** Entries are distinguished by the piece of memory in which they lie; its size in bytes. */
const PIECE = 512;
/** A step that touches more pieces than this counts as touching all. */
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
 * Names for steps that name no single thing. "Any X" is written by a step that changes an X without saying which, and
 * read by a step that reads or changes a named X. "Some X" is written by every step that changes an X, and read by a
 * step that may read any.
 */
function touchesCall({ operation, args }: CallStep): Access[] {
  const { obj, writes, changes, ready, entries, tables } = operation as KernelOperation;
  if (ready) return [write(`any ${obj}`)];
  const entry = entries?.(...args);
  if (entry) {
    const names = pieces(entry.p, entry.n * 8);
    // the step checks whether the page still is a table
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
 * The objects that a step of a kernel thread may touch in any state. A call may read everything, and changes what its
 * operation declares.
 */
export function touches(step: Step): Access[] {
  switch (step.op) {
    case 'read':
      return [read(`any ${step.obj}`), read(`${step.obj} ${step.key}.${step.field}`)];
    case 'write':
    case 'atomic':
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
