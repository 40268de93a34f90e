import type { Cost } from './costs.ts';

/** docs/costs.md. */

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const said = (n: number | null): string => (n === null ? '' : String(n));

export const restOf = ({ free, lists, others }: Pick<Cost, 'free' | 'lists' | 'others'>): number | null =>
  free.recorded === null ? null : free.recorded - free.predicted - lists - others;

export function pageOf(all: readonly { readonly name: string; readonly costs: readonly Cost[] }[]): string {
  const lines = [
    '# Costs',
    '',
    'What `mhp plan add` says that memory costs, from the state before each recorded step that adds memory and does nothing else, beside',
    'what the kernel took: the struct pages and the table pages of the linear map and the memmap, counted in the dumps of its tables, and',
    'the fall of MemFree. Bytes. Written by',
    '`npx vitest run --config vitest.long.config.ts test/predictions/costs -u`.',
    '',
    'MemFree counts no page on the list of a CPU. 6.1.192 and later also keep blocks of a huge page there (`pcp_allowed_order()` of',
    'mm/page_alloc.c; 5.10.262 does not), which is what struct pages are made of with pages of 4K: a CPU takes at least two at a time, and',
    'keeps those that a removal gave back. So MemFree falls by some megabytes more, or not at all. `lists` is by how much these lists grew',
    '(`count` of /proc/zoneinfo); `others` is what /proc/meminfo counts of other uses: page cache, programs, slab, tables of programs,',
    'stacks, per-CPU data. `rest` is the fall of MemFree less all that.',
    '',
    'With pages of 4K and 16K the rest is below 3M, but for the first DIMM of a boot in five of eight recordings of arm64: it takes 16M more,',
    'which no file of /proc counts, and no recording says what for; none of x86-64 does. With pages of 64K it is up to 11M. A step in which the',
    'new memory went online has no figure.',
    '',
    row([
      ...['recording', 'step', 'size', 'struct pages', 'recorded', 'tables', 'recorded'],
      ...['must be free', 'MemFree fell', 'lists', 'others', 'rest'],
    ]),
    row(Array(12).fill('---')),
  ];
  for (const { name, costs } of all)
    for (const { step, size, memmap, tables, free, lists, others } of costs)
      lines.push(
        row([
          ...[name, step, size, memmap.predicted, said(memmap.recorded), tables.predicted],
          ...[said(tables.recorded), free.predicted, said(free.recorded), lists, others],
          said(restOf({ free, lists, others })),
        ]),
      );
  return `${lines.join('\n')}\n`;
}
