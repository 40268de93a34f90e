import { expect, test } from 'vitest';
import { ARM64, booted, G, M } from '../../../test/kit.ts';
import { INVALID } from '../../hardware/descriptor/descriptor.ts';
import { readEntry, writeEntries } from '../../hardware/index.ts';
import { entries } from '../../hardware/walks/walk.ts';
import { table_page } from '../../kernel/include/linux/pgtable.ts';
import { USE, with_use } from '../../kernel/mm/page.ts';
import { phys_to_virt } from '../../kernel/pfn.ts';
import { mainline } from '../../releases/index.ts';
import type { Session } from '../../scenarios/running/session.ts';
import { violations } from './index.ts';
import { merged, missing } from './spans.ts';

/** Checks the monitors of page tables on a machine with 1G at 8G whose state is then falsified. */

const plugged = (release = 'v6.1', bootOptions = ''): Session => {
  const session = booted(release, { ...ARM64, boot_options: bootOptions });
  expect(session.call(session.kernel.add_memory(1, 8 * G, G, 0)).errno).toBe(null);
  return session;
};

const broken = ({ state, kernel }: Session): string[] => violations(state, kernel.c).map(({ text }) => text);

/** The table entries above the linear map of the DIMM: physical address of the entry, page of the table. */
function tableEntries(session: Session): { pa: number; page: number }[] {
  const { state, kernel } = session;
  const va = phys_to_virt(kernel.c, 8 * G);
  return [...entries(state.mmu!, va, va + G)]
    .filter((run) => run.depth < 3 && (run.attr & 3) === 3)
    .map((run) => ({ pa: run.pa, page: table_page(kernel.c, run) / kernel.c.PAGE_SIZE }));
}

test.each(mainline.map(({ name }) => name))('%s: nothing to say', (release) => {
  for (const bootOptions of ['', 'rodata=off']) expect(broken(plugged(release, bootOptions))).toEqual([]);
});

test('a hole in the linear map, and what does not belong there', () => {
  const session = plugged('v6.1', 'rodata=off');
  const mmu = session.state.mmu!;
  const va = phys_to_virt(session.kernel.c, 8 * G);
  const [leaf] = [...entries(mmu, va, va + G)].filter((run) => (run.attr & 3) === 1);
  const entry = readEntry(mmu, leaf!.pa);
  writeEntries(mmu, leaf!.pa, 1, INVALID, 0);
  const linear = (): string[] => broken(session).filter((text) => text.startsWith('linear'));
  expect(linear()).toEqual(['linear: 0x200000000-0x23fffffff has a section and is not mapped']);
  writeEntries(mmu, leaf!.pa, 1, { ...entry, addr: 9 * G }, 0);
  expect(linear()).toEqual([
    'linear: ffff0001c0000000 maps 0x240000000',
    'linear: 0x200000000-0x23fffffff has a section and is not mapped',
    'linear: 0x240000000-0x27fffffff is mapped and has no section',
  ]);
});

test('a translation that was never invalidated', () => {
  const session = plugged('v6.1', 'rodata=off');
  const mmu = session.state.mmu!;
  const va = phys_to_virt(session.kernel.c, 8 * G);
  const [leaf] = [...entries(mmu, va, va + G)].filter((run) => (run.attr & 3) === 1);
  writeEntries(mmu, leaf!.pa, 1, INVALID, 0);
  expect(broken(session)).toContain(
    'translations: CPU 0,1 may hold a PUD at ffff0001c0000000 (0x40000000 bytes)',
  );
});

test('a table page that is free, one that is linked twice, one that is linked nowhere', () => {
  const session = plugged();
  const { state } = session;
  const [pmd, pte] = tableEntries(session).slice(-2);
  const pfn = pte!.page;
  state.pages.update(pfn, pfn + 1, (page) => with_use(page, USE.FREE));
  const name = (page: number): string => `0x${page.toString(16)}`;
  expect(broken(session)).toContain(`tables: pfn ${name(pfn)} is linked and is free`);
  state.pages.update(pfn, pfn + 1, (page) => with_use(page, USE.TABLE));
  expect(broken(session)).toEqual([]);

  const mmu = state.mmu!;
  const second = readEntry(mmu, pte!.pa + 8);
  writeEntries(mmu, pte!.pa, 1, second, 0);
  expect(broken(session)).toContain(`tables: table page ${name(pfn + 1)} is linked twice`);
  expect(broken(session)).toContain(`tables: 1 table pages at pfn ${name(pfn)} are linked nowhere`);
  expect(pmd!.page).not.toBe(pfn);
});

test('struct pages in pages that are free, not mapped, or nobody’s', () => {
  const session = plugged();
  const { state, kernel } = session;
  const { c } = kernel;
  const va = c.VMEMMAP_START + (7 * G) / 64;
  const [leaf] = [...entries(state.mmu!, va, va + 16 * M)].filter((run) => (run.attr & 3) === 1);
  const pfn = leaf!.addr / c.PAGE_SIZE;
  state.pages.update(pfn, pfn + 512, (page) => with_use(page, USE.FREE));
  expect(broken(session)).toContain(`memmap: pfn 0x${pfn.toString(16)} holds struct pages and is free`);
  state.pages.update(pfn, pfn + 512, (page) => with_use(page, USE.MEMMAP));
  expect(broken(session)).toEqual([]);
  writeEntries(state.mmu!, leaf!.pa, 1, INVALID, 0);
  expect(broken(session)).toContain('memmap: struct pages of 0x200000000-0x207ffffff are not mapped');
  expect(broken(session)).toContain(
    `memmap: 512 pages at pfn 0x${pfn.toString(16)} were taken for struct pages and hold none`,
  );
});

test('constructed tables are counted, and gone with the memory', () => {
  const session = plugged('v7.2');
  expect(session.state.vars.get(0)!.nr_page_table_pages).toBe(513);
  expect(session.call(session.kernel.remove_memory(8 * G, G)).errno).toBe(null);
  expect(broken(session)).toEqual([]);
  expect(session.state.vars.get(0)!.nr_page_table_pages).toBe(0);
});

test('spans', () => {
  const span = (start: number, end: number) => ({ start, end });
  expect(merged([span(5, 6), span(1, 3), span(3, 4), span(2, 3), span(7, 7)])).toEqual([
    span(1, 4),
    span(5, 6),
  ]);
  expect(missing([span(0, 10), span(20, 30)], [span(2, 3), span(5, 22), span(29, 40)])).toEqual([
    span(0, 2),
    span(3, 5),
    span(22, 29),
  ]);
  expect(missing([span(0, 4)], [])).toEqual([span(0, 4)]);
  expect(missing([], [span(0, 4)])).toEqual([]);
});
