import { type Translation, vaText } from '../../geometry/translation.ts';
import type { Descriptor } from '../../hardware/descriptor/descriptor.ts';
import { meaning, target, writable } from '../../hardware/descriptor/format.ts';
import type { TlbiOp } from '../../hardware/tlb/tlbi.ts';
import type { About, AboutEntry } from '../../interleave/about.ts';
import { withLockNames } from '../../interleave/lock-names.ts';
import { objectText } from '../../interleave/object-names.ts';
import { USE } from '../../kernel/mm/page.ts';
import type { PageRange } from '../../kernel/mm/page_alloc/alloc_pages.ts';
import type { KernelOperation, PagesAbout, StepTelling } from '../../kernel/operation.ts';
import type { State } from '../../kernel/state.ts';
import type { StoryEvent } from '../../schedule/replay/replay.ts';
import type { CallStep, Step } from '../../steps/step.ts';
import { numberText, shortText } from './number.ts';
import { fieldText, lookupText, partText } from './places.ts';
import { valueText } from './values.ts';

/** A page table entry with its place: "*pmdp at ffffffffc0000000". */
export interface TableEntry {
  readonly pfn: number;
  readonly index: number;
  readonly place: AboutEntry['place'];
}

/** Page table entries that were read one after another. */
export interface EntriesRead {
  readonly pfn: number;
  readonly index: number;
  readonly n: number;
  /** The first entry: its name, and its contents. */
  readonly name: string;
  readonly what: string;
}

/** The effect of one kernel step, in words. */
export interface Told {
  readonly text: string;
  /** Whether it changed something that other threads can see, and was not only a read. */
  readonly effect: boolean;
  /** Whether it is a read that adds nothing to the other steps, or bookkeeping of the model. */
  readonly minor?: boolean;
  /** Whether it is an access to what only the model has: it is not told beside others. */
  readonly hidden?: boolean;
  /** For a read of page table entries: the entries, and the values found. */
  readonly entry?: EntriesRead;
  /** For an access to page table entries: the name of the first, and the addresses it translates. */
  readonly name?: string;
  readonly covers?: { readonly va: number; readonly size: number };
  /** For an access to one entry: its physical address. */
  readonly pa?: number;
  /** For an access to a field: the field. */
  readonly field?: string;
  /** The pages that the step concerns: those it takes, frees, reads, finds or clears in an entry. */
  readonly pfns: readonly PageRange[];
  /** What happens to them. */
  readonly deed: 'taken' | 'freed' | 'found' | 'written' | 'cleared' | 'accessed' | null;
}

export const pfnText = (pfn: number): string => `pfn 0x${pfn.toString(16)}`;

const pagesText = ({ pfn, nr_pages }: PageRange): string =>
  nr_pages === 1
    ? pfnText(pfn)
    : `${nr_pages} pages, pfn 0x${pfn.toString(16)}-0x${(pfn + nr_pages - 1).toString(16)}`;

const USES: Readonly<Record<number, string>> = {
  [USE.FREE]: 'free already',
  [USE.MOVABLE]: 'movable',
  [USE.PINNED]: 'pinned',
  [USE.ISOLATED]: 'isolated',
  [USE.TABLE]: 'page table',
  [USE.MEMMAP]: 'memmap',
};

const ofUse = (use: number | undefined): string => (use !== undefined && USES[use] ? ` (${USES[use]})` : '');

/** Tells the steps of a kernel; `state` is any of its states. */
export class StepTeller {
  readonly #state: State;
  /** Null for a kernel whose page tables are not modelled. */
  readonly #t: Translation | null;
  /** By pfn: the position of a table when a walk last passed it, or when an entry that points to it was last read. */
  readonly #places = new Map<number, NonNullable<AboutEntry['place']>>();
  /** The same from the view of the acting thread: what its pointers mean. */
  #own: Map<number, NonNullable<AboutEntry['place']>> = this.#places;
  readonly #byThread = new Map<number, Map<number, NonNullable<AboutEntry['place']>>>();

  constructor(state: State) {
    this.#state = state;
    this.#t = state.mmu?.t ?? null;
  }

  tell(event: StoryEvent): Told {
    const { step, thread } = event;
    this.#own = this.#byThread.get(thread) ?? new Map();
    this.#byThread.set(thread, this.#own);
    if (step === undefined) return plain('ends', true);
    const told = this.#step(step, event);
    return event.fault ? { ...told, text: `${told.text} ** ${event.fault.kind}` } : told;
  }

  /** "*pmdp at ffffffffc0000000" */
  name({ pfn, index, place }: TableEntry): string {
    const known = this.#place({ pfn, index, place });
    if (!known || !this.#t) return `entry ${index} of the table in ${pfnText(pfn)}`;
    return `*${this.#t.name[known.depth]!.toLowerCase()}p at ${vaText(known.va)}`;
  }

  /** "a table, pfn 0x10122" */
  descriptor(d: Descriptor, entry: TableEntry): string {
    if (d.addr === 0 && d.attr === 0) return 'none';
    const depth = this.#place(entry)?.depth;
    const t = this.#t;
    if (!t || depth === undefined) return `0x${d.addr.toString(16)}`;
    const kind = meaning(t, depth, d.attr);
    if (kind === 'none') return 'not valid';
    const pfn = pfnText(target(t, d) / 2 ** t.page_shift);
    if (kind === 'table') return `a table, ${pfn}`;
    const what = depth === t.levels - 1 ? 'a page' : 'a block';
    return `${what}, ${writable(t, d.attr) ? '' : 'read-only, '}${pfn}`;
  }

  /** The range that an entry translates: bytes from an address on. */
  #covers(entry: TableEntry): { covers: NonNullable<Told['covers']> } | undefined {
    const place = this.#place(entry);
    if (!place || !this.#t) return undefined;
    const size = 2 ** this.#t.shift[place.depth]!;
    return { covers: { va: Math.floor(place.va / size) * size, size } };
  }

  #place({ pfn, index, place }: TableEntry): AboutEntry['place'] {
    const t = this.#t;
    if (!t) return null;
    const at = (depth: number): number => index * 2 ** t.shift[depth]!;
    const own = this.#own.get(pfn);
    if (place && !own) this.#places.set(pfn, { depth: place.depth, va: place.va - at(place.depth) });
    const known = own ?? this.#places.get(pfn);
    return known ? { depth: known.depth, va: known.va + at(known.depth) } : null;
  }

  #step(step: Step, event: StoryEvent): Told {
    const about = event.about as About | undefined;
    switch (step.op) {
      case 'call':
        return about?.kind === 'entry' ? this.#entry(step, event, about) : this.#call(step, event);
      case 'read':
        return this.#field(step, `is ${this.#value(step, event.result)}`, false);
      case 'write': {
        const before = about?.kind === 'field' ? `${this.#value(step, about.before)} -> ` : '= ';
        return this.#field(step, before + this.#value(step, step.value), true);
      }
      case 'atomic': {
        const value = this.#value(step, step.value);
        const was = ` (was ${this.#value(step, event.result)})`;
        if (step.kind === 'cas' && !Object.is(event.result, step.expect))
          return this.#field(step, `is ${this.#value(step, event.result)}: cmpxchg() fails`, true);
        return this.#field(step, `${step.kind === 'add' ? '+=' : '='} ${value}${was}`, true);
      }
      case 'lock':
        return plain(this.#lock(step, event), true);
      case 'unlock':
        return plain(step.kind === 'rcu' ? 'rcu_read_unlock()' : `releases ${this.#lockName(step)}`, true);
      case 'alloc': {
        const made = event.result === false ? 'cannot be allocated' : 'is made';
        return plain(`${objectText(this.#state, step.obj, step.key)} ${made}`, true);
      }
      case 'free':
        return plain(`${objectText(this.#state, step.obj, step.key)} is freed`, true);
      case 'printk':
        return { ...plain(`printk "${shortText(step.text.trim(), MESSAGE)}"`, true), minor: true };
      case 'warn':
        return plain(`WARNING in ${step.where}()${colon(step.text)}`, true);
      case 'bug':
        return plain(step.expectation ? 'does not hold' : `BUG in ${step.where}()${colon(step.text)}`, true);
      case 'synchronize_rcu':
        return plain(
          event.again ? 'synchronize_rcu() waits for readers' : 'synchronize_rcu(): all readers have left',
          true,
        );
      case 'signal':
        return plain(event.result ? 'signal_pending(): a signal' : 'signal_pending(): no', false);
      default:
        return plain(step.op, true);
    }
  }

  #value(step: { readonly obj: string; readonly field: string }, value: unknown): string {
    return valueText(this.#state, `${step.obj}.${step.field}`, value);
  }

  #field(step: FieldStep, text: string, effect: boolean): Told {
    const field = fieldText(this.#state, step);
    const hidden = HIDDEN.has(`${step.obj}.${step.field}`);
    return { ...plain(`${field} ${text}`, effect), field, ...(hidden ? { hidden } : {}) };
  }

  #lockName({ lock, kind, mode }: Extract<Step, { op: 'lock' | 'unlock' }>): string {
    const name = withLockNames(this.#state, shortText(lock));
    return mode === 'read' && kind !== 'rcu' ? `${name} (read)` : name;
  }

  #lock(step: Extract<Step, { op: 'lock' }>, { again, result }: StoryEvent): string {
    if (step.kind === 'rcu') return 'rcu_read_lock()';
    const name = this.#lockName(step);
    if (again) return `waits for the readers of ${name}`;
    return step.try ? `tries ${name}: ${result ? 'taken' : 'busy'}` : `takes ${name}`;
  }

  #entry({ operation, args }: CallStep, { result, fault }: StoryEvent, about: AboutEntry): Told {
    const { entries, tell } = operation as KernelOperation;
    const where = { name: this.name(about), pa: about.pa, ...this.#covers(about) };
    const { name } = where;
    const own = { pfn: about.pfn, nr_pages: 1 };
    const telling = fault ? undefined : tell?.(args, result);
    if (telling?.kind === 'read') {
      const { found, n } = telling;
      const { pfn, index } = about;
      const entry = { pfn, index, n, name, what: this.descriptor(found, about) };
      const names = this.#names(found, about);
      const text = entriesText(entry);
      this.#sees(found, about);
      return { text, effect: false, ...where, entry, pfns: names, deed: 'found' };
    }
    if (telling?.kind !== 'written') {
      const text = `${entries!(...args).write ? 'writes' : 'reads'} ${name}`;
      return { text, effect: true, ...where, pfns: [own], deed: 'accessed' };
    }
    const { before } = about;
    const { value, n, exchanged } = telling;
    const was = before.addr === 0 && before.attr === 0 ? '' : ` (was ${this.descriptor(before, about)})`;
    const none = value.addr === 0 && value.attr === 0;
    const more = n > 1 ? ` and ${n - 1} more` : '';
    const text = `${name}${more} = ${none ? '0' : this.descriptor(value, about)}${was}`;
    return {
      text: exchanged ? `xchg: ${text}` : text,
      effect: true,
      ...where,
      pfns: none ? this.#names(before, about) : this.#names(value, about),
      deed: none ? 'cleared' : 'written',
    };
  }

  /** The thread has read the address of a table. */
  #sees(d: Descriptor, entry: TableEntry): void {
    const t = this.#t;
    const place = this.#place(entry);
    if (!t || !place || meaning(t, place.depth, d.attr) !== 'table') return;
    const table = { depth: place.depth + 1, va: place.va };
    const pfn = target(t, d) / 2 ** t.page_shift;
    this.#own.set(pfn, table);
    this.#places.set(pfn, table);
  }

  /** The pages that a descriptor points to. */
  #names(d: Descriptor, entry: TableEntry): PageRange[] {
    const t = this.#t;
    const place = this.#place(entry);
    if (!t || !place || meaning(t, place.depth, d.attr) === 'none') return [];
    const { depth } = place;
    const leaf = meaning(t, depth, d.attr) === 'leaf';
    return [
      { pfn: target(t, d) / 2 ** t.page_shift, nr_pages: leaf ? 2 ** (t.shift[depth]! - t.page_shift) : 1 },
    ];
  }

  #call(step: CallStep, { result, about }: StoryEvent): Told {
    const { writes, tell } = step.operation as KernelOperation;
    const telling = tell?.(step.args, result);
    switch (telling?.kind) {
      case 'taken': {
        const { pages, use } = telling;
        if (!pages) return plain('no page is free', true);
        const text = `takes ${pagesText(pages)}${ofUse(use)}`;
        return { text, effect: true, pfns: [pages], deed: 'taken' };
      }
      case 'freed': {
        const { pages } = telling;
        const text = `frees ${pagesText(pages)}${ofUse((about as PagesAbout | undefined)?.use)}`;
        return { text, effect: true, pfns: [pages], deed: 'freed' };
      }
      case 'zeroed': {
        const page = 2 ** this.#t!.page_shift;
        const pages = { pfn: telling.pa / page, nr_pages: telling.size / page };
        return plain(`zeroes ${pagesText(pages)}`, true);
      }
      case 'dsb':
        return plain(`dsb ${telling.of}`, true);
      case 'isb':
        return plain('isb', true);
      case 'tlbi':
        return plain(tlbiText(telling.op), true);
    }
    return { ...this.#operation(step, telling, result), minor: !writes || telling?.kind === 'books' };
  }

  /** An operation that is no access to pages or tables. */
  #operation({ operation, args }: CallStep, telling: StepTelling | undefined, result: unknown): Told {
    const { name, obj, writes } = operation as KernelOperation;
    switch (telling?.kind) {
      case 'reads':
      case 'writes': {
        const { what, value, of = what, kind } = telling;
        if (value === undefined) return plain(`${kind} ${what}`, writes);
        return plain(`${what} ${kind === 'reads' ? 'is' : '='} ${valueText(this.#state, of, value)}`, writes);
      }
      case 'does': {
        const { what, value } = telling;
        return plain(value === undefined ? what : `${what}: ${valueText(this.#state, what, value)}`, writes);
      }
      case 'exists': {
        const place = lookupText(this.#state, telling.obj, telling.key);
        return plain(`${place} is ${telling.found ? 'there' : 'NULL'}`, false);
      }
      case 'touched': {
        const { va, write, fault } = telling;
        const access = `${write ? 'stores to' : 'loads from'} ${vaText(va)}`;
        return plain(fault === null ? access : `${access}: ${fault} fault`, true);
      }
      case 'books':
        return { ...plain(`reads ${partText(obj)}`, writes), hidden: true };
    }
    // a design's own, on its own objects
    if (obj === 'design') {
      const given = args.filter((arg) => typeof arg !== 'object').map(numberText);
      return plain(
        `${shortText(name)}(${given.join(', ')})${result === undefined ? '' : ` is ${numberText(result)}`}`,
        writes,
      );
    }
    return plain(`${writes ? 'changes' : 'reads'} ${partText(obj)}${rangeOf(obj, args)}`, writes);
  }
}

/** " of pfn 0x100000-0x107fff", of an access to the struct pages of a range. */
function rangeOf(obj: string, [start, end]: readonly unknown[]): string {
  if (obj !== 'pages' || typeof start !== 'number' || typeof end !== 'number' || end <= start) return '';
  return end === start + 1 ? ` of ${pfnText(start)}` : ` of ${pfnText(start)}-0x${(end - 1).toString(16)}`;
}

/** Messages are cut at this length. */
const MESSAGE = 300;

const colon = (text: string): string => (text.trim() === '' ? '' : `: ${shortText(text.trim(), MESSAGE)}`);

type FieldStep = Extract<Step, { readonly obj: string; readonly field: string }>;

/** What only the model has: an access to it tells nothing. */
const HIDDEN: ReadonlySet<string> = new Set([
  'vars.notifier_error',
  'vars.nr_vmemmap_pages',
  'pgdat.nr_blocks',
]);

/** "16 entries from *ptep at ffffffffc0000000 on are none" */
export const entriesText = ({ n, name, what }: EntriesRead): string =>
  n === 1
    ? `${name} is ${what}`
    : `${n} entries from ${name} on are ${what}${what === 'none' ? '' : ' and so on'}`;

const plain = (text: string, effect: boolean): Told => ({ text, effect, pfns: [], deed: null });

function tlbiText({ by, va, pages = 1, last_level, broadcast }: TlbiOp): string {
  const is = broadcast ? 'is' : '';
  if (by === 'all') return `tlbi vmalle1${is}`;
  const what = `tlbi ${last_level ? 'vaale1' : 'vaae1'}${is}, ${vaText(va!)}`;
  return pages === 1 ? what : `${what} and ${pages - 1} pages more`;
}
