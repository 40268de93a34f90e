import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ARM64, booted, G, M, type MachineObject, run } from '../../../test/kit.ts';
import { boot } from '../../boot/boot.ts';
import { held } from '../../hardware/tlb/reach.ts';
import { leaves } from '../../hardware/walks/walk.ts';
import { parseMachineFile } from '../../machines/machine-file/machine-file.ts';
import { findRelease } from '../../releases/index.ts';
import { Session } from '../../scenarios/running/session.ts';
import { VM } from '../state.ts';

/** A kernel without kernel_page_tables. */
function without_ptdump(release: string, machine: MachineObject): Session {
  const parsed = parseMachineFile(stringify(machine), 'machine');
  return new Session(boot(parsed, findRelease(release)!, { ptdump_debugfs: false }));
}

const DEVICE = 256 * G;

const ioremap = (session: Session, phys: number, size: number): number =>
  run(session, session.kernel.__ioremap(phys, size, session.kernel.c.pgprot.PAGE_KERNEL)).value!;

const levels = (session: Session, va: number, size: number): string[] =>
  [...leaves(session.state.mmu!, va, va + size)].map(
    ({ depth, n }) => `${n} ${session.state.mmu!.t.name[depth]}`,
  );

test.each([
  [{ page_size: '4K', va_bits: 48 }, G + 2 * M + 4096, ['1 PUD', '1 PMD', '1 PTE']],
  [{ page_size: '4K', va_bits: 39 }, G + 2 * M + 4096, ['1 PGD', '1 PMD', '1 PTE']],
  [{ page_size: '16K', va_bits: 47 }, 64 * M + 16384, ['2 PMD', '1 PTE']],
  [{ page_size: '64K', va_bits: 42 }, 512 * M + 65536, ['1 PGD', '1 PTE']],
])('the largest blocks that fit: %o', (shape, size, found) => {
  const session = without_ptdump('v5.2', { ...ARM64, ...shape });
  const words = session.state.mmu!.words.runs;
  const va = ioremap(session, DEVICE, size);
  expect(levels(session, va, size)).toEqual(found);
  run(session, session.kernel.iounmap(va));
  expect(levels(session, va, size)).toEqual([]);
  run(session, session.kernel.vm_unmap_aliases());
  expect(held(session.state.mmu!, va, size)).toEqual([]);
  expect(session.state.mmu!.words.runs).toBeGreaterThan(words);
  expect(session.state.vmap_areas).toEqual([]);
});

test('no blocks where kernel_page_tables is built in, until 7.1', () => {
  for (const release of ['v5.2', 'v5.10', 'v6.12']) {
    const session = booted(release, ARM64);
    expect(levels(session, ioremap(session, DEVICE, 4 * M), 4 * M)).toEqual(['1024 PTE']);
  }
  const session = booted('v7.2', ARM64);
  expect(levels(session, ioremap(session, DEVICE, 4 * M), 4 * M)).toEqual(['2 PMD']);
});

test('RAM is refused', () => {
  const session = booted('v5.2', ARM64);
  expect(run(session, session.kernel.__ioremap(G, 4096, 0))).toMatchObject({
    value: 0,
    events: [{ kind: 'warn', where: '__ioremap_caller' }],
  });
});

test('an offset in the page comes back in the address', () => {
  const session = booted('v5.2', ARM64);
  const va = ioremap(session, DEVICE + 0x123, 8);
  expect(va - Math.floor(va / 4096) * 4096).toBe(0x123);
  run(session, session.kernel.iounmap(va));
  expect(session.state.vmap_lazy_nr).toBe(2);
});

/** A place whose pages were unmapped and whose table remains; then a block of 2M is mapped there. */
function over_table(release: string) {
  const session = without_ptdump(release, ARM64);
  const { kernel, state } = session;
  const small = run(session, kernel.vmalloc(4 * M)).value!;
  const va = Math.ceil(small / (2 * M)) * 2 * M;
  run(session, kernel.vfree(small));
  run(session, kernel.vm_unmap_aliases());
  const { allocated } = state.table_pages;
  const prot = kernel.c.pgprot.PAGE_KERNEL;
  const { value, events } = run(session, kernel.ioremap_page_range(va, va + 2 * M, DEVICE, prot));
  expect([value, events]).toEqual([0, []]);
  return { session, va, allocated };
}

test.each(['v5.2', 'v5.10', 'v6.12', 'v7.2'])('%s: a block in the place of a table (B41)', (release) => {
  const { session, va, allocated } = over_table(release);
  expect(levels(session, va, 2 * M)).toEqual(['1 PMD']);
  expect(session.state.table_pages).toEqual({ allocated, freed: { PTE: 1 } });
  // the walk caches were invalidated before the table was freed, and no live entry was changed
  expect(held(session.state.mmu!, va, 2 * M).filter((h) => h.held_by.length)).toEqual([]);
  expect(session.state.mmu!.violations).toEqual([]);
});

/** A block of 1G replaces a table of PMDs with two tables of PTEs in it: how often the kernel warns. */
test.each([
  ['v5.2', 510],
  ['v5.10', 510],
  ['v6.12', 0],
  ['v7.2', 0],
])('%s: 1G in the place of a table with two tables, %i warnings (B40)', (release, warnings) => {
  const session = without_ptdump(release, { ...ARM64, debug_vm: true });
  const { kernel, state } = session;
  const { VMALLOC_START, VMALLOC_END } = kernel.c.layout;
  const area = run(session, kernel.__get_vm_area_node(G, G, VM.IOREMAP, VMALLOC_START, VMALLOC_END)).value!;
  const prot = kernel.c.pgprot.PAGE_KERNEL;
  for (const at of [area, area + 6 * M]) {
    run(session, kernel.ioremap_page_range(at, at + 4096, DEVICE, prot));
    run(session, kernel.vunmap_page_range(at, at + 4096));
  }
  run(session, kernel._vm_unmap_aliases(area, area + G, true));
  const { value, events } = run(session, kernel.ioremap_page_range(area, area + G, DEVICE, prot));
  expect(value).toBe(0);
  expect(levels(session, area, G)).toEqual(['1 PUD']);
  expect(events.filter((e) => e.kind === 'warn')).toHaveLength(warnings);
  expect(state.table_pages.freed).toEqual({ PTE: 2, PMD: 1 });
});
