import { expect, test } from 'vitest';
import { ARM64, booted, run } from '../../../../../test/kit.ts';
import { pointsToTable, entries as table_entries } from '../../../../hardware/walks/walk.ts';
import type { PtdumpNote } from '../../../include/linux/ptdump.ts';
import { mem_hotplug_begin } from '../../../locks.ts';

const SHAPES = [
  { page_size: '4K', va_bits: 39 },
  { page_size: '4K', va_bits: 48 },
  { page_size: '16K', va_bits: 36 },
  { page_size: '16K', va_bits: 47 },
  { page_size: '16K', va_bits: 48 },
  { page_size: '64K', va_bits: 42 },
  { page_size: '64K', va_bits: 48 },
] as const;

const mapped = (notes: readonly PtdumpNote[]) =>
  notes.filter(({ attr }) => attr !== 0).reduce((sum, { addr, end }) => sum + end - addr, 0);

test.each(SHAPES)('the walk notes every address once, and what is mapped: %o', (shape) => {
  const session = booted('v5.2', { ...ARM64, ...shape });
  const { kernel, state } = session;
  run(session, kernel.vmalloc(3 * kernel.c.PAGE_SIZE));
  const start = -(2 ** shape.va_bits);
  const { value, events } = run(session, kernel.ptdump_show(start, 0));
  expect(events).toEqual([]);
  let at = start;
  for (const { addr, end } of value!) {
    expect(addr).toBe(at);
    at = end;
  }
  expect(at).toBe(0);
  const leaves = [...table_entries(state.mmu!, start, 0)].filter((e) => !pointsToTable(state.mmu!, e));
  expect(mapped(value!)).toBe(leaves.reduce((sum, leaf) => sum + leaf.end - leaf.start, 0));
});

test.each([true, false])('a range is walked alone, entry by entry: %s', (explored) => {
  const session = booted('v5.2', ARM64, { explored });
  const va = run(session, session.kernel.vmalloc(3 * session.kernel.c.PAGE_SIZE)).value!;
  const { kernel } = session;
  const notes = run(session, kernel.ptdump_show(va, va + 5 * kernel.c.PAGE_SIZE)).value!;
  expect(notes.length).toBe(explored ? 5 : 2);
  expect(mapped(notes)).toBe(3 * kernel.c.PAGE_SIZE);
});

test('an entry that is neither table nor block is a BUG', () => {
  const session = booted('v5.2', ARM64);
  const { kernel, state } = session;
  const { VMEMMAP_START } = kernel.c;
  const entry = [...table_entries(state.mmu!, VMEMMAP_START, VMEMMAP_START + 1)][1]!;
  expect(entry.depth).toBe(1);
  state.mmu!.words.fill(entry.pa, 1, { addr: entry.addr, attr: 4 }, 0);
  expect(run(session, kernel.ptdump_show(VMEMMAP_START, VMEMMAP_START + 4096))).toMatchObject({
    ended: 'bug',
    events: [{ kind: 'bug', where: 'walk_pud' }],
  });
});

test('memory that may be written and executed is counted', () => {
  const session = booted('v5.2', ARM64);
  const { kernel } = session;
  const { PAGE_KERNEL } = kernel.c.pgprot;
  const PXN = 1 << 17;
  const UXN = 1 << 18;
  const wx = run(session, kernel.vmap([0x48000, 0x48001], PAGE_KERNEL & ~PXN)).value!;
  const ux = run(session, kernel.vmap([0x48000], PAGE_KERNEL & ~UXN)).value!;
  const check = (from: number, pages: number) =>
    run(session, kernel.ptdump_check_wx(from, from + pages * kernel.c.PAGE_SIZE));
  expect(check(wx, 4)).toMatchObject({
    value: false,
    events: [{ text: 'Checked W+X mappings: FAILED, 2 W+X pages found, 1 non-UXN pages found' }],
  });
  expect(check(ux, 1)).toMatchObject({ value: false });
  expect(check(kernel.c.VMEMMAP_START, 1)).toMatchObject({
    value: true,
    events: [{ text: 'Checked W+X mappings: passed, no W+X pages found' }],
  });
});

/**
 * The walks that wait for memory hotplug: get_online_mems() in mm/ptdump.c (6.1) or in ptdump_show() alone
 * (bf2b59f60ee1).
 */
test.each([
  ['v5.2', 'returned', 'returned'],
  ['v5.4', 'returned', 'returned'],
  ['arm64-v6', 'deadlock', 'returned'],
  ['arm64-v5', 'deadlock', 'returned'],
  ['v5.7', 'deadlock', 'returned'],
  ['v5.10', 'deadlock', 'returned'],
  ['v6.1', 'deadlock', 'deadlock'],
  ['v6.12', 'deadlock', 'deadlock'],
  ['v7.2', 'deadlock', 'deadlock'],
])('%s inside a hotplug operation: show %s, check_wx %s', (release, show, check) => {
  for (const [name, ended] of [
    ['ptdump_show', show],
    ['ptdump_check_wx', check],
  ] as const) {
    const session = booted(release, ARM64);
    const { kernel } = session;
    const thread = function* () {
      yield* mem_hotplug_begin();
      yield* kernel[name](kernel.c.VMEMMAP_START, kernel.c.VMEMMAP_START + kernel.c.PAGE_SIZE);
    };
    expect(run(session, thread()).ended, name).toBe(ended);
  }
});
