import { UserError } from '../../errors/user-error.ts';
import { sharedTables } from '../../geometry/shared-tables.ts';
import type { Config } from '../../kernel/config.ts';
import { ACPI_NOTIFY_DEVICE_CHECK, ACPI_NOTIFY_EJECT_REQUEST } from '../../kernel/drivers/acpi/scan.ts';
import { FOLL_LONGTERM, FOLL_WRITE } from '../../kernel/mm/gup.ts';
import { __GFP_MOVABLE } from '../../kernel/mm/migrate.ts';
import { phys_to_virt } from '../../kernel/pfn.ts';
import { VM, zone_key } from '../../kernel/state.ts';
import { nearest } from '../../releases/nearest.ts';
import { BadExpression, type ExpressionResult, type Scope } from './expression.ts';

/** This kernel or machine lacks what the scenario is about: there is no result, and no failure. */
export class NotApplicable extends UserError {
  override readonly name = 'NotApplicable';
}

/** Constants of a booted kernel by their kernel names. Sizes and addresses are bytes. */
const NUMBERS = [
  ...(['PAGE_SIZE', 'PMD_SIZE', 'SECTION_SIZE', 'PAGES_PER_SECTION', 'PAGES_PER_SUBSECTION'] as const),
  ...(['PAGE_OFFSET', 'PAGE_END', 'VMEMMAP_START', 'VMEMMAP_END', 'memory_block_size_bytes'] as const),
  ...(['pageblock_nr_pages', 'ZONE_NORMAL', 'ZONE_MOVABLE', 'swapper_pg_dir'] as const),
] as const;

const FLAGS: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(VM).map(([name, value]) => [`VM_${name}`, value]),
);

const ARGUMENTS: Readonly<Record<string, number>> = {
  FOLL_WRITE,
  FOLL_LONGTERM,
  __GFP_MOVABLE,
  ACPI_NOTIFY_DEVICE_CHECK,
  ACPI_NOTIFY_EJECT_REQUEST,
};

const ofLayout = ['VMALLOC_START', 'VMALLOC_END'] as const;

const numbers = (args: readonly ExpressionResult[]): number[] => {
  if (!args.every((arg) => typeof arg === 'number')) throw new BadExpression('numbers are wanted');
  return args as number[];
};

function tableOf(c: Config, [below, above]: readonly ExpressionResult[]) {
  const pair = [below, above];
  const shared = sharedTables(c.t, c.layout).filter(
    (table) => pair.includes(table.below) && pair.includes(table.above),
  );
  const table = shared.at(-1);
  if (!table) throw new NotApplicable(`${below} and ${above} share no table below the root`);
  return table;
}

function region(c: Config, [name]: readonly ExpressionResult[]) {
  const found = c.layout.regions.find((one) => one.name === name);
  if (!found) throw new NotApplicable(`layout ${c.layout.name} has no region ${name}`);
  return found;
}

const FUNCTIONS: Readonly<
  Record<string, (c: Config, args: readonly ExpressionResult[]) => ExpressionResult>
> = {
  // the smallest table, other than the root, with entries of two regions; and its end
  shared_table: (c, args) => tableOf(c, args).start,
  shared_table_end: (c, args) => tableOf(c, args).end,
  region_start: (c, args) => region(c, args).start,
  region_end: (c, args) => region(c, args).end,
  max: (_, args) => Math.max(...numbers(args)),
  min: (_, args) => Math.min(...numbers(args)),
  // node_zones[i] of a node
  zone: (_, args) => zone_key(...(numbers(args) as [number, number])),
  pfn: (c, [pa]) => Math.floor(numbers([pa!])[0]! / c.PAGE_SIZE),
  __va: (c, [pa]) => phys_to_virt(c, numbers([pa!])[0]!),
};

/** The names available to expressions: constants and regions of a kernel, and names defined before. */
export function scopeOf(c: Config, given: ReadonlyMap<string, ExpressionResult>): Scope {
  return {
    name: (name) => {
      if (given.has(name)) return given.get(name)!;
      if (name === 'memstart_addr') return c.mappable_range.start;
      // the memory described by one leaf of the memmap: a block with 4K pages, else a page
      if (name === 'vmemmap_leaf') return c.PAGE_SHIFT === 12 ? c.PMD_SIZE : c.PAGE_SIZE;
      if (Object.hasOwn(FLAGS, name)) return FLAGS[name];
      if (name === 'PAGE_KERNEL') return c.pgprot.PAGE_KERNEL;
      if (Object.hasOwn(ARGUMENTS, name)) return ARGUMENTS[name];
      if ((ofLayout as readonly string[]).includes(name)) return c.layout[name as (typeof ofLayout)[number]];
      return (NUMBERS as readonly string[]).includes(name) ? c[name as (typeof NUMBERS)[number]] : undefined;
    },
    call: (name, args) => (Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name]!(c, args) : undefined),
  };
}

/** The constants and functions that an expression may name, for messages and for the documentation. */
export const EXPRESSION_NAMES: readonly string[] = [
  ...NUMBERS,
  ...Object.keys(FLAGS),
  ...Object.keys(ARGUMENTS),
  ...ofLayout,
  'PAGE_KERNEL',
  'memstart_addr',
  'vmemmap_leaf',
];
export const EXPRESSION_FUNCTIONS: readonly string[] = Object.keys(FUNCTIONS);

/** What is said of a name that an expression cannot use: "X is not known here; near it: Y". */
export function unknownName(name: string, called: boolean, given: Iterable<string> = []): string {
  const near = nearest(name, new Set([...EXPRESSION_NAMES, ...EXPRESSION_FUNCTIONS, ...given]));
  return `${name}${called ? '()' : ''} is not known here${near.length > 0 ? `; near it: ${near.join(', ')}` : ''}`;
}
