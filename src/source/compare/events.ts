import type { Descriptor } from '../../hardware/descriptor/descriptor.ts';
import type { TlbiOp } from '../../hardware/tlb/tlbi.ts';
import type { Step } from '../../steps/step.ts';

/** A step of a function in a form in which the model's and the C's can be compared. */
export interface CompareEvent {
  readonly kind: 'read' | 'write' | 'barrier' | 'tlbi' | 'other';
  /** What is compared. */
  readonly text: string;
  /** The entry of a read or write. */
  readonly entry?: number;
  /** The entry of an exchange. */
  readonly swapped?: number;
  readonly tlbi?: TlbiOp;
  /** Pages whose references are put. */
  readonly put?: { readonly start: number; readonly end: number };
  /** A field of a section that is read or written. */
  readonly section?: string;
  readonly written?: boolean;
  /** A field of a zone or a node that is read or written, and the value that was read. */
  readonly span?: string;
  value?: unknown;
  /** Words of its map are read for a new one. */
  readonly words?: boolean;
}

const event = (kind: CompareEvent['kind'], text: string): CompareEvent => ({ kind, text });

const number = (n: number): string =>
  Math.abs(n) < 4096 ? String(n) : `${n < 0 ? '-' : ''}0x${Math.abs(n).toString(16)}`;

/** Steps by which the model keeps its own books; the C does not have them, or at other places. */
const BOOKS = new Set([
  'count_table',
  'uncount_table',
  'armed',
  'consume_failure',
  'not_flushed',
  'flushed',
  'put_shared',
  'pgmap_at',
  'set_pgds',
  'no_processes',
  'next_section',
  // the argument of memremap_pages(), and what the caller makes of it
  'next_key',
  'pagemap_of_key',
  'key_of_address',
  'node_of_pagemap',
]);

/** Objects of the kernel that are no arguments of their own. */
const argument = (value: unknown): string => {
  if (typeof value === 'number') return number(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  return 'PAGE_SIZE' in value || 'errno' in value ? '' : JSON.stringify(value);
};

export const FLAGS_OF_PAGE = 'flags of the struct page of ';

/** A section has no root, as the C looks for that and the model for the section. */
export const NO_ROOT = 'no root of the section';

/** What is compared of a step; undefined for the model's own books. */
export function eventOf(
  step: Step,
  pageSize = 4096,
  hasRoot: (of: { readonly root: number } | { readonly section: number }) => boolean = () => true,
): CompareEvent | undefined {
  switch (step.op) {
    case 'enter':
    case 'forget':
    case 'leave':
      return undefined;
    case 'lock':
    case 'unlock':
      return event('other', `${step.op} ${step.lock}${step.mode === 'read' ? ' for reading' : ''}`);
    case 'warn':
    case 'bug':
      return event('other', `${step.op} in ${step.where}`);
    case 'printk':
      return event('other', `printk ${step.text}`);
    case 'alloc':
      // a section is zero before
      if (step.obj === 'mem_section') return undefined;
      return event('other', `alloc ${step.obj} ${step.key}`);
    case 'read':
    case 'write':
      // the C has it in the struct pages
      if (step.obj === 'mem_section' && step.field === 'nid') return undefined;
      if (step.obj === 'mem_section') return sectionEvent(step, step.op === 'write' ? step.value : undefined);
      if (step.obj === 'zone' || step.obj === 'pgdat')
        return spanEvent(step, step.op === 'write' ? step.value : undefined);
      if (step.field === 'nr_vmemmap_pages') return undefined;
      // members of the argument of memremap_pages(); which is in pgmap_array is written
      if (step.obj === 'dev_pagemap' && step.field !== 'mapped') return undefined;
      return event(
        'other',
        `${step.op} ${step.obj}.${step.field}${step.op === 'write' ? ` ${argument(step.value)}` : ''}`,
      );
    case 'call':
      if (step.operation.name === 'mem_map_of' && !hasRoot({ section: step.args[0] as number }))
        return event('other', NO_ROOT);
      if (step.args[0] === 'mem_section_root' && !hasRoot({ root: step.args[1] as number }))
        return event('other', NO_ROOT);
      return calledEvent(step.operation.name, step.args, pageSize);
    default:
      return event('other', step.op);
  }
}

function sectionEvent(
  { key, field }: { readonly key: number; readonly field: string },
  value?: unknown,
): CompareEvent {
  const section = `${field} of section ${key}`;
  const text = value === undefined ? `read ${section}` : `write ${section} = ${argument(value)}`;
  return { kind: 'other', text, section, written: value !== undefined };
}

function spanEvent(
  { obj, key, field }: { readonly obj: string; readonly key: number; readonly field: string },
  value?: unknown,
): CompareEvent {
  const span = `${field} of ${obj} ${key}`;
  const text = value === undefined ? `read ${span}` : `write ${span} = ${argument(value)}`;
  return { kind: 'other', text, span: `${obj} ${key} ${field}`, written: value !== undefined };
}

function calledEvent(name: string, args: readonly unknown[], pageSize: number): CompareEvent | undefined {
  if (BOOKS.has(name)) return undefined;
  switch (name) {
    case 'mem_map_of':
      return sectionEvent({ key: args[0] as number, field: 'section_mem_map' });
    case 'has_usage':
      return sectionEvent({ key: args[0] as number, field: 'subsection_map' });
    case 'test_bit':
      return event('other', `test_bit in the map of section ${args[1]}`);
    case 'read_words':
      if (args[3] === 'bit') return event('other', `test_bit in the map of section ${args[1]}`);
      return { ...event('other', 'words of a map'), section: `words of section ${args[1]}`, words: true };
    case 'has_key':
      if (args[0] === 'mem_section') return undefined;
      return event('other', `has_key ${args.map(argument).join(' ')}`);
    case 'read_at':
      return { kind: 'read', text: `read ${number(args[0] as number)}`, entry: args[0] as number };
    case 'write_at': {
      const { addr, attr } = args[1] as Descriptor;
      const text = `write ${number(args[0] as number)} = ${number(addr)} attr 0x${attr.toString(16)}`;
      return { kind: 'write', text, entry: args[0] as number };
    }
    case 'swap_at':
      return { ...event('other', `${name} ${args.map(argument).join(' ')}`), swapped: args[0] as number };
    case 'barrier_dsb':
      return event('barrier', `dsb ${args[0]}`);
    case 'barrier_isb':
      return event('barrier', 'isb');
    case 'issue': {
      const tlbi = ofPage(args[0] as TlbiOp, pageSize);
      return { kind: 'tlbi', text: tlbiText(tlbi), tlbi };
    }
    case 'first_unreferenced': {
      const [start, end] = args as readonly number[];
      return { kind: 'other', text: putText(start!, end!), put: { start: start!, end: end! } };
    }
    case 'first_reserved':
    case 'free_reserved':
    case 'get_page':
    case 'read_page':
      return event('other', `${FLAGS_OF_PAGE}${number(args[0] as number)}`);
    default:
      return event('other', [name, ...args.map(argument).filter((text) => text !== '')].join(' '));
  }
}

/** @param end absent if it is not known */
export const putText = (start: number, end?: number): string =>
  `put_page() of ${number(start)}${end === undefined ? '' : ` to ${number(end)}`}`;

/** A TLBI takes the number of a page: the address in it is not seen. */
const ofPage = (op: TlbiOp, pageSize: number): TlbiOp =>
  op.va === undefined ? op : { ...op, va: Math.floor(op.va / pageSize) * pageSize };

export const tlbiText = ({ by, va = 0, pages = 1, last_level, broadcast }: TlbiOp): string =>
  `tlbi ${by === 'all' ? 'all' : `${number(va)} ${pages} pages`}${last_level ? ' last level' : ''}${broadcast ? '' : ' local'}`;
