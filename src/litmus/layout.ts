import { InputError, quote } from '../errors/input-error.ts';
import {
  entryIndex,
  entrySize,
  type LevelName,
  type Translation,
  translation,
} from '../geometry/translation.ts';
import { checkDescriptor, ReservedBits } from '../hardware/descriptor/check-words.ts';
import {
  AF,
  AP_RDONLY,
  CONT,
  type Descriptor,
  fromWord,
  INVALID,
  SH_INNER,
  TABLE_BIT,
  VALID,
} from '../hardware/descriptor/descriptor.ts';
import type { LitmusTest } from './test.ts';

/** 4K pages, 48-bit addresses: four levels; tests name the entries of the lower two. */
const SHAPES: Readonly<Record<LitmusTest['arch'], Translation>> = {
  arm64: translation('arm64', 4096, 48),
  x86_64: translation('x86_64', 4096, 48),
};
export const shapeOf = ({ arch }: Pick<LitmusTest, 'arch'>): Translation => SHAPES[arch];
/** The same for both. */
const SHAPE = SHAPES.arm64;
/** Bits of an x86-64 entry. */
const X86_RW = 1 << 1;
const X86_ACCESSED = 1 << 5;
const X86_DIRTY = 1 << 6;
const X86_PS = 1 << 7;
const X86_GLOBAL = 1 << 8;
const PAGE = 4096;
const FIRST_VA = -(2 ** 47);
export const ROOT = 0x1000;
const PUD = 0x2000;
const PMD = 0x3000;
const PTES = 0x10_0000;
const NEW_TABLES = 0x20_0000;
/** Physical pages are two megabytes apart, so that each may be a block. */
const FIRST_PAGE = 0x4000_0000;
const BLOCK = 0x20_0000;

/** The meaning of a name in a test: memory reached through a translation, or a table's word at its physical address. */
export type Location =
  | { readonly kind: 'va'; readonly va: number }
  | { readonly kind: 'word'; readonly pa: number; readonly depth: number };

/**
 * The addresses of a test's names. Every variable (`x`) has 2 MiB of its own with its own table of PTEs; `x+1` is the
 * next page. Physical pages and tables are placed in the order in which their names first occur.
 */
export class TestLayout {
  readonly #test: LitmusTest;
  readonly variables: string[] = [];
  readonly #pages: string[] = [];
  readonly #tables: string[] = [];

  constructor(test: LitmusTest) {
    this.#test = test;
  }

  #variable(name: string): { index: number; pages: number } {
    const [base, plus = '0'] = name.split('+');
    if (!/^[a-z]\w*$/.test(base!) || !/^\d{1,3}$/.test(plus)) throw new Error(name);
    let index = this.variables.indexOf(base!);
    if (index < 0) index = this.variables.push(base!) - 1;
    return { index, pages: Number(plus) };
  }

  va(name: string): number {
    const { index, pages } = this.#variable(name);
    return FIRST_VA + index * BLOCK + pages * PAGE;
  }

  /**
   * The physical address of a page by its name; `phy_x` is the page to which `x` is mapped unless the test says
   * otherwise.
   */
  page(name: string): number {
    const [base, plus = '0'] = name.split('+');
    let index = this.#pages.indexOf(base!);
    if (index < 0) index = this.#pages.push(base!) - 1;
    return FIRST_PAGE + index * BLOCK + Number(plus) * PAGE;
  }

  table(name: string): number {
    let index = this.#tables.indexOf(name);
    if (index < 0) index = this.#tables.push(name) - 1;
    return NEW_TABLES + index * PAGE;
  }

  pteTable(name: string): number {
    return PTES + this.#variable(name).index * PAGE;
  }

  /** A place as named by instructions and the initial state. */
  location(text: string): Location {
    const entry = /^(pgd|pud|pmd|pte)\(([\w+]+)(?: in (\w+))?\)$/.exec(text);
    if (entry === null) return { kind: 'va', va: this.va(text) };
    const depth = SHAPE.name.indexOf(entry[1]!.toUpperCase() as LevelName);
    const va = this.va(entry[2]!);
    const table =
      entry[3] === undefined ? [ROOT, PUD, PMD, this.pteTable(entry[2]!)][depth]! : this.table(entry[3]);
    return { kind: 'word', pa: table + 8 * entryIndex(SHAPE, depth, va), depth };
  }

  /** A descriptor as a test writes it; undefined if the text is none. */
  descriptor(text: string): Descriptor | undefined {
    if (text === 'invalid') return INVALID;
    if (/^0x[0-9a-f]{1,16}$/.test(text)) return fromWord(BigInt(text));
    const flag = this.#test.arch === 'arm64' ? 'readonly|noaf|cont' : 'readonly|global';
    const found = new RegExp(`^(page|block|table)\\(([a-z]\\w*(?:\\+\\d{1,2})?)((?: (?:${flag}))*)\\)$`).exec(
      text,
    );
    if (found === null) return undefined;
    const [, kind, name, flags] = found;
    if (this.#test.arch === 'x86_64') return this.#x86(kind!, name!, flags!);
    if (kind === 'table') return { addr: this.table(name!), attr: VALID | TABLE_BIT };
    let attr = VALID | SH_INNER | (kind === 'page' ? TABLE_BIT : 0);
    if (!flags!.includes('noaf')) attr |= AF;
    if (flags!.includes('readonly')) attr |= AP_RDONLY;
    if (flags!.includes('cont')) attr |= CONT;
    return { addr: this.page(name!), attr };
  }

  #x86(kind: string, name: string, flags: string): Descriptor {
    const table = VALID | X86_RW | X86_ACCESSED;
    if (kind === 'table') return { addr: this.table(name), attr: table };
    let attr = table | X86_DIRTY | (kind === 'block' ? X86_PS : 0);
    if (flags.includes('readonly')) attr &= ~X86_RW;
    if (flags.includes('global')) attr |= X86_GLOBAL;
    return { addr: this.page(name), attr };
  }

  /** The attributes of an entry that leads to a table. */
  get tableAttr(): number {
    return this.#test.arch === 'x86_64' ? VALID | X86_RW | X86_ACCESSED : VALID | TABLE_BIT;
  }

  /** {@link descriptor} for an entry at some depth; an error if the text is none or has reserved bits. */
  entry(text: string, depth: number, path: readonly PropertyKey[]): Descriptor {
    const { file, place } = this.#test;
    const d = this.descriptor(text);
    if (d === undefined) throw new InputError(file, place(path), `${quote(text)} is not a descriptor`);
    try {
      checkDescriptor(shapeOf(this.#test), depth, d);
    } catch (error) {
      if (error instanceof ReservedBits) throw new InputError(file, place(path), error.message);
      throw error;
    }
    return d;
  }
}

/** The entries that map every variable to its page, from the root table down to the PTEs. */
export function* mapping(layout: TestLayout): Generator<readonly [pa: number, d: Descriptor]> {
  const table = layout.tableAttr;
  yield [ROOT + 8 * entryIndex(SHAPE, 0, FIRST_VA), { addr: PUD, attr: table }];
  yield [PUD + 8 * entryIndex(SHAPE, 1, FIRST_VA), { addr: PMD, attr: table }];
  for (const name of layout.variables) {
    const va = layout.va(name);
    yield [PMD + 8 * entryIndex(SHAPE, 2, va), { addr: layout.pteTable(name), attr: table }];
    yield [layout.pteTable(name), layout.descriptor(`page(phy_${name})`)!];
  }
}

export const pageOf = (va: number): number => Math.floor(va / entrySize(SHAPE, SHAPE.levels - 1));
