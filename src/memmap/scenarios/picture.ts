import type { Subjects } from '../../steps/failure.ts';
import { type MemConfig, pointer_text, SIZEOF_STRUCT_PAGE } from '../kernel/config.ts';
import { pfn_to_pointer } from '../kernel/memory_model.ts';
import type { Memmap, Stray } from '../kernel/world.ts';

/** Whose memory was accessed: accesses that went astray, in words and as a map of addresses. */

const MOST_ROWS = 8;

const pfns = (pfn: number, n: number): string =>
  n === 1 ? `pfn 0x${pfn.toString(16)}` : `pfn 0x${pfn.toString(16)}-0x${(pfn + n - 1).toString(16)}`;

/** "…+0x40-0xbf" of an object that begins at `start`. */
const bytesOf = (stray: Stray, start: number): string => {
  const from = stray.address - start;
  const to = from + stray.n * SIZEOF_STRUCT_PAGE - 1;
  return `+0x${from.toString(16)}-0x${to.toString(16)}`;
};

function startOf(world: Memmap, address: number): number {
  let start = address;
  for (const run of world.places.in(0, address + 1)) start = run.start;
  return start;
}

/** One access in words. */
export function strayText(world: Memmap, c: MemConfig, stray: Stray): string {
  const { fn, op, meant, n, pfn, foreign, address } = stray;
  const object = foreign === null ? '' : `"${foreign}" ${bytesOf(stray, startOf(world, address))}`;
  if (op === 'wrote' || op === 'read' || op === 'returned') {
    const page =
      pfn < 0 ? `${pointer_text(c, address)}, which is not mapped,` : `${structPages(n)} of ${pfns(pfn, n)}`;
    const hit = foreign === null ? page : object;
    return `${fn} ${op} ${hit} for ${structPages(n)} of ${pfns(meant, n)}`;
  }
  const via = foreign === null ? '' : `, by ${object} taken for ${structPages(n)}`;
  const where = pfn < 0 || !world.ram.get(pfn) ? 'what is not memory' : `the memory of ${pfns(pfn, n)}`;
  return `${fn} ${op} ${where} for that of ${pfns(meant, n)}${via}`;
}

const ACCESS: Readonly<Record<Stray['op'], NonNullable<Subjects['access']>>> = {
  wrote: 'write',
  read: 'read',
  cleared: 'clear',
  'copied from': 'copy-from',
  'copied to': 'copy-to',
  returned: 'return',
};

/** The subjects of accesses that went astray: the first of them, and how many there are. */
export function straySubjects(world: Memmap, strays: readonly Stray[]): Subjects {
  const { fn, op, meant, n, pfn, foreign } = strays[0]!;
  const structPage = op === 'wrote' || op === 'read' || op === 'returned';
  const nowhere = pfn < 0 || (!structPage && !world.ram.get(pfn));
  return {
    function: fn,
    access: ACCESS[op],
    what: structPage ? 'struct page' : 'memory',
    state: foreign !== null ? 'foreign object' : nowhere ? 'no memory' : "another page's",
    ...(foreign === null ? {} : { object: foreign }),
    pfn: meant,
    nr_pages: n,
    found: pfn,
    more: strays.length - 1,
  };
}

const structPages = (n: number): string => (n === 1 ? 'the struct page' : 'the struct pages');

/** The first stray access of each kind. */
export const firstOfEach = (strays: readonly Stray[]): Stray[] => {
  const seen = new Map<string, Stray>();
  for (const stray of strays)
    if (!seen.has(`${stray.fn} ${stray.op}`)) seen.set(`${stray.fn} ${stray.op}`, stray);
  return [...seen.values()];
};

interface Row {
  readonly start: number;
  readonly end: number;
  readonly what: string;
}

/** The contents of the places that were meant and of those that were reached, by address. */
export function picture(world: Memmap, c: MemConfig, strays: readonly Stray[]): string[] {
  const rows = new Map<number, Row>();
  const show = (address: number): void => {
    for (const { start, end, value } of world.places.in(Math.max(0, address), address + 1)) {
      const whole = sectionRow(world, c, address) ?? {
        start: startOf(world, start),
        end,
        what: String(value),
      };
      rows.set(whole.start, whole);
    }
  };
  for (const stray of firstOfEach(strays)) {
    show(stray.head);
    show(stray.address);
    const meant = pfn_to_pointer.run(world, c, stray.meant);
    if (meant !== null && meant > 0) show(meant);
    if (stray.pfn >= 0) {
      const described = pfn_to_pointer.run(world, c, stray.pfn);
      if (described !== null && described > 0) show(described);
    }
  }
  const sorted = [...rows.values()].sort((a, b) => a.start - b.start);
  const lines = sorted
    .slice(0, MOST_ROWS)
    .map((row) =>
      `${pointer_text(c, row.start)}  ${row.what.padEnd(36)}${marks(world, c, strays, row)}`.trimEnd(),
    );
  if (sorted.length > MOST_ROWS) lines.push(`… ${sorted.length - MOST_ROWS} more`);
  return lines;
}

/** The part of a memmap that belongs to one section; null if it is no memmap. */
function sectionRow(world: Memmap, c: MemConfig, address: number): Row | null {
  const delta = world.places.get(address);
  if (typeof delta !== 'number') return null;
  const pfn = (address - delta) / SIZEOF_STRUCT_PAGE;
  const first = pfn - (pfn % c.PAGES_PER_SECTION);
  const start = delta + first * SIZEOF_STRUCT_PAGE;
  const what = `memmap of section ${first / c.PAGES_PER_SECTION}: ${pfns(first, c.PAGES_PER_SECTION)}`;
  return { start, end: start + c.PAGES_PER_SECTION * SIZEOF_STRUCT_PAGE, what };
}

function marks(world: Memmap, c: MemConfig, strays: readonly Stray[], row: Row): string {
  const said = new Set<string>();
  const within = (at: number | null): boolean => at !== null && at >= row.start && at < row.end;
  if (strays.some(({ head }) => within(head))) said.add('head');
  for (const stray of strays) {
    const memory = ['cleared', 'copied from', 'copied to'].includes(stray.op);
    if (within(stray.address) && (!memory || stray.foreign !== null))
      said.add(memory ? 'taken for struct pages' : stray.op === 'returned' ? 'handed out' : 'overwritten');
    if (memory && stray.pfn >= 0 && within(pfn_to_pointer.run(world, c, stray.pfn)))
      said.add(`its memory ${stray.op}`);
    if (within(pfn_to_pointer.run(world, c, stray.meant))) said.add(memory ? 'its memory meant' : 'meant');
  }
  return said.size ? `  <- ${[...said].join(', ')}` : '';
}
