import { z } from 'zod';
import { InputError, quote } from '../../errors/input-error.ts';
import { parseVa } from '../../geometry/translation.ts';
import { IN_WORDS, placeOf } from '../text/zod-place.ts';
import { leafAttr } from './attributes.ts';

/** Levels as recordings name them: hardware levels 0, 1, 2, 3, whatever levels the kernel folds. */
export const TABLE_LEVELS = ['P4D', 'PUD', 'PMD', 'PTE'] as const;
export type TableLevel = (typeof TABLE_LEVELS)[number];

/** Leaves of one size and kind, consecutive in virtual and physical addresses. */
export interface RecordedLeaf {
  /** Kernel address: its distance from 2^64, negative. */
  readonly va: number;
  readonly pa: number;
  /** The total number of bytes. */
  readonly size: number;
  /** The bytes of one leaf: a base page or a block. */
  readonly leaf_size: number;
  /**
   * The descriptor's bits without the address, as far as they were recorded (DBM was not), packed as in
   * src/hardware/descriptor.ts.
   */
  readonly attr: number;
}

/** A table page that is not the root. */
export interface RecordedTable {
  readonly level: TableLevel;
  /** The first address it translates; it may lie below the region. */
  readonly va: number;
  readonly pa: number;
  /** The number of entries with bit 0 set, and of those that are not zero. */
  readonly valid: number;
  readonly nonzero: number;
}

/** The page tables of one region, walked from outside through TTBR1_EL1. */
export interface RecordedTables {
  /** linear or vmemmap. */
  readonly name: string;
  /** Kernel addresses; end 0 stands for 2^64. */
  readonly start: number;
  readonly end: number;
  /** Physical address of the root. */
  readonly root: number;
  /** Table pages by level; the root is not counted. */
  readonly table_pages: Readonly<Record<TableLevel, number>>;
  /** Ascending, without overlap. */
  readonly leaves: readonly RecordedLeaf[];
  /** Tables in order of level from the root, ascending in each level. */
  readonly tables: readonly RecordedTable[];
}

const HEX = /^0x[0-9a-f]{1,16}$/;
const kernelAddress = z
  .string()
  .regex(HEX)
  .transform((text, ctx) => {
    try {
      const va = parseVa(text);
      if (va <= 0) return va;
    } catch {
      // told below
    }
    ctx.addIssue({ code: 'custom', message: `${text} is not in the kernel's half` });
    return z.NEVER;
  });
/** A physical address or a number of bytes, of at most 52 bits; 2^64 never ends here. */
const number = z
  .string()
  .regex(HEX)
  .transform((text) => Number(text))
  .refine((value) => value <= 2 ** 52, 'is more than 2^52');
const count = z
  .int()
  .min(0)
  .max(2 ** 40);
/** Tables of level 0 are there with five levels only. */
const pages = z.object({ P4D: count.default(0), PUD: count, PMD: count, PTE: count });

const schema = z.object({
  name: z.string().regex(/^[a-z][a-z0-9_]{0,31}$/),
  lo: kernelAddress,
  hi: kernelAddress,
  ttbr: number,
  table_pages: pages,
  leaves: z.array(
    z.object({
      va: kernelAddress,
      pa: number,
      size: number,
      leaf: z.string().regex(/^[1-9]\d{0,2}[KMG]-(page|block)$/),
      attr: z.string().max(200),
      kind: z.literal('leaf'),
    }),
  ),
  tables: z.array(
    z.object({
      level: z.enum(TABLE_LEVELS),
      va: kernelAddress,
      pa: number,
      valid: z.int().min(0).max(8192),
      nonzero: z.int().min(0).max(8192),
    }),
  ),
});

/**
 * Parses tables/linear.json or tables/vmemmap.json of a recorded step.
 *
 * @param place the file's path, for messages
 * @throws InputError for anything else, leaves that overlap, are misaligned or outside of the region, and counts that
 * disagree with the tables listed
 */
export function parseTables(text: string, file: string, place: string): RecordedTables {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new InputError(file, place, 'is not JSON');
  }
  const parsed = schema.safeParse(json, IN_WORDS);
  if (!parsed.success) {
    const { path, what } = placeOf(parsed.error, json);
    throw new InputError(file, path === '' ? place : `${place} ${path}`, what);
  }
  const { name, lo: start, hi: end, ttbr: root, table_pages, leaves, tables } = parsed.data;
  const wrong = (where: string, what: string): InputError => new InputError(file, `${place} ${where}`, what);
  if (start >= end) throw wrong('hi', 'is not behind lo');
  let last = start;
  const read = leaves.map(({ va, pa, size, leaf, attr: attrText }, i): RecordedLeaf => {
    const where = `leaves[${i}]`;
    const leafSize = Number.parseInt(leaf, 10) * 1024 ** ('KMG'.indexOf(leaf.replace(/^\d+/, '')[0]!) + 1);
    const attr = leafAttr(attrText, leaf.endsWith('block'));
    if (attr === undefined) throw wrong(where, `${quote(attrText)} are not attributes`);
    if (va < last) throw wrong(where, 'overlaps the leaf before it');
    last = va + size;
    if (last > end || size === 0) throw wrong(where, 'is empty or ends outside of the region');
    if ([va, pa, size].some((n) => n % leafSize !== 0)) throw wrong(where, `is not aligned to ${leaf}`);
    return { va, pa, size, leaf_size: leafSize, attr };
  });
  for (const [i, { va, valid, nonzero }] of tables.entries()) {
    if (valid > nonzero) throw wrong(`tables[${i}]`, 'has more valid entries than entries');
    if (va >= end) throw wrong(`tables[${i}]`, 'is outside of the region');
  }
  for (const level of TABLE_LEVELS) {
    const listed = tables.filter((table) => table.level === level).length;
    if (listed !== table_pages[level])
      throw wrong(`table_pages.${level}`, `is ${table_pages[level]}, but ${listed} are listed`);
  }
  const sorted = [...tables].sort((a, b) => order(a) - order(b) || a.va - b.va);
  return { name, start, end, root, table_pages, leaves: read, tables: sorted };
}

const order = (table: { readonly level: TableLevel }): number => TABLE_LEVELS.indexOf(table.level);
