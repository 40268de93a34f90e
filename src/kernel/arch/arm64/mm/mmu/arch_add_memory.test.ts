import { describe, expect, test } from 'vitest';
import { booted, G, M, type MachineObject, play } from '../../../../../../test/kit.ts';
import { arm64, leafLines, linearLines } from '../../../../../../test/tables.ts';
import { ATTR_INDEX_SHIFT } from '../../../../../hardware/descriptor/descriptor.ts';
import { type AccessOutcome, access as translate } from '../../../../../hardware/index.ts';
import { leaves } from '../../../../../hardware/walks/walk.ts';
import type { Session } from '../../../../../scenarios/running/session.ts';
import { SIZEOF_STRUCT_PAGE } from '../../../../config.ts';
import { phys_to_virt, vmemmap_of } from '../../../../pfn.ts';

/**
 * The tables and leaves of a new DIMM. Kernels of 6.1 have them in these recordings: arm64-6.1-16k-va47-off,
 * arm64-6.1-64k-va48-full (step 03 of both) and arm64-6.1-split-rooff61 (step 01). There are no recordings of the other
 * geometries here.
 */

const access = (session: Session, va: number): AccessOutcome[] => translate(session.state.mmu!, va, false);

interface Plugged {
  readonly session: Session;
  /** Table pages allocated, by level. */
  readonly tables: object;
  readonly linear: readonly string[];
  readonly vmemmap: readonly string[];
}

function plug(machine: MachineObject, start: number, size: number, flags = 0): Plugged {
  const session = booted('v6.1', machine);
  expect(session.call(session.kernel.add_memory(1, start, size, flags)).errno).toBe(null);
  const { c } = session.kernel;
  const [first, end] = [start / c.PAGE_SIZE, (start + size) / c.PAGE_SIZE];
  return {
    session,
    tables: session.state.table_pages.allocated,
    linear: linearLines(session, start, size),
    vmemmap: leafLines(session, vmemmap_of(c, first), vmemmap_of(c, end)),
  };
}

/** Text for bytes of memmap in pages of a geometry. */
const base_pages = (page: number, bytes: number): string =>
  `${((bytes / (page * 1024)) * SIZEOF_STRUCT_PAGE) / (page * 1024)} x ${page}K`;

const GEOMETRY = [
  // page, VA_BITS, rodata, DIMM, tables, linear map
  [4, 39, 'full', G, { PMD: 1, PTE: 512 }, '262144 x 4K'],
  [4, 48, 'full', G, { PMD: 1, PTE: 512 }, '262144 x 4K'],
  [16, 36, 'full', G, { PTE: 32 }, '65536 x 16K'],
  [16, 47, 'full', G, { PTE: 32 }, '65536 x 16K'],
  [16, 48, 'full', G, { PTE: 32 }, '65536 x 16K'],
  [64, 42, 'full', 2 * G, { PTE: 4 }, '32768 x 64K'],
  [64, 48, 'full', 2 * G, { PTE: 4 }, '32768 x 64K'],
  [64, 52, 'full', 2 * G, { PTE: 4 }, '32768 x 64K'],
  [4, 39, 'off', G, {}, '1 x 1G'],
  [4, 48, 'off', G, {}, '1 x 1G'],
  [16, 36, 'off', G, {}, '32 x 32M'],
  [16, 47, 'off', G, {}, '32 x 32M contiguous'],
  [16, 48, 'off', G, {}, '32 x 32M contiguous'],
  [64, 42, 'off', 2 * G, {}, '4 x 512M'],
  [64, 48, 'off', 2 * G, {}, '4 x 512M'],
  [64, 52, 'off', 2 * G, {}, '4 x 512M'],
] as const;

describe.each(GEOMETRY)('%iK, %i bits, rodata=%s', (page, va_bits, rodata, size, tables, linear) => {
  const machine = arm64(page, va_bits, rodata);
  const at = 8 * G;

  test('linear map, memmap and the tables of both', () => {
    const dimm = plug(machine, at, size);
    expect(dimm.linear).toEqual([linear]);
    expect(dimm.vmemmap).toEqual([page === 4 ? '8 x 2M' : base_pages(page, size)]);
    expect(dimm.tables).toEqual(tables);
  });

  test('removal returns every table, adding again takes as many', () => {
    const { session } = plug(machine, at, size);
    const all = session.state.table_pages.allocated;
    expect(session.call(session.kernel.remove_memory(at, size)).errno).toBe(null);
    expect(session.state.table_pages).toEqual({ allocated: all, freed: all });
    expect(linearLines(session, at, size)).toEqual([]);
    session.state.table_pages = { allocated: {}, freed: {} };
    expect(session.call(session.kernel.add_memory(1, at, size, 0)).errno).toBe(null);
    expect(session.state.table_pages).toEqual({ allocated: all, freed: {} });
  });
});

test.each([128 * M, 256 * M])(
  '4K, rodata=off: a DIMM of %i bytes is blocks of 2M under one table',
  (size) => {
    const dimm = plug(arm64(4, 48, 'off'), 8 * G, size);
    expect(dimm.tables).toEqual({ PMD: 1 });
    expect(dimm.linear).toEqual([`${size / (2 * M)} x 2M contiguous`]);
  },
);

test('4K: a range below its own 1G boundary has no 1G block', () => {
  expect(plug(arm64(4, 48, 'off'), 8 * G + 512 * M, G).linear).toEqual(['512 x 2M contiguous']);
});

test('16K: contiguous if aligned to 1G', () => {
  expect(plug(arm64(16, 47, 'off'), 8 * G + 512 * M, G).linear).toEqual(['32 x 32M']);
  expect(plug(arm64(16, 47, 'off'), 8 * G + 512 * M, 2 * G).linear).toEqual([
    '16 x 32M',
    '32 x 32M contiguous',
    '16 x 32M',
  ]);
});

test('64K: contiguous for 16G at 16G only', () => {
  const from_16G = (va_bits: number): MachineObject => ({
    ...arm64(64, va_bits, 'off'),
    ram: [{ start: '16G', size: '2G' }],
  });
  for (const va_bits of [48, 52]) {
    expect(plug(from_16G(va_bits), 32 * G, 16 * G).linear).toEqual(['32 x 512M contiguous']);
    expect(plug(from_16G(va_bits), 40 * G, 16 * G).linear).toEqual(['32 x 512M']);
    // with memory from 2G on, the linear address of 16G is no multiple of 16G
    expect(plug(arm64(64, va_bits, 'off'), 16 * G, 16 * G).linear).toEqual(['32 x 512M']);
  }
  expect(plug(from_16G(42), 32 * G, 16 * G).linear).toEqual(['32 x 512M']);
});

describe('memmap_on_memory', () => {
  const MHP_MEMMAP_ON_MEMORY = 2;
  const machine = (page: number, va_bits: number): MachineObject => ({
    ...arm64(page, va_bits),
    boot_options: 'memory_hotplug.memmap_on_memory=1',
  });

  test('the memmap lies in the first 2M of the block', () => {
    const { session, vmemmap } = plug(machine(4, 48), 8 * G, 128 * M, MHP_MEMMAP_ON_MEMORY);
    expect(vmemmap).toEqual(['1 x 2M']);
    const { c } = session.kernel;
    const va = vmemmap_of(c, (8 * G) / c.PAGE_SIZE);
    const [outcome] = access(session, va);
    expect(outcome).toMatchObject({ pa: 8 * G });
    expect(session.state.vars.get(0)!.nr_vmemmap_pages).toBe(0);
  });

  test.each([
    [16, 47, 128 * M],
    [64, 48, 512 * M],
  ])('%iK pages have no whole PMD of memmap in a block: refused', (page, va_bits, size) => {
    const session = booted('v6.1', machine(page, va_bits));
    expect(session.call(session.kernel.add_memory(1, 8 * G, size, MHP_MEMMAP_ON_MEMORY)).errno).toBe(
      'EINVAL',
    );
  });
});

describe('attributes of the linear map', () => {
  const MEMORY = { start: 64 * G, size: 2 * M };
  const INDEX = { NORMAL: 0, TAGGED: 1 };
  const indices = (session: Session, start: number, size: number): Set<number> => {
    const virt = phys_to_virt(session.kernel.c, start);
    const found = [...leaves(session.state.mmu!, virt, virt + size)];
    return new Set(found.map(({ attr }) => (attr >>> ATTR_INDEX_SHIFT) & 7));
  };
  const done = (session: Session, ...steps: readonly object[]): void =>
    expect(play(session, ...steps).map(({ result }) => result)).toEqual(steps.map(() => 'success'));
  const SHAPES = [
    [4, 48, 'full'],
    [4, 39, 'off'],
    [16, 47, 'full'],
    [16, 48, 'off'],
    [64, 48, 'full'],
    [64, 42, 'off'],
  ] as const;

  test.each(
    ['v5.10', 'v6.1', 'v6.12', 'v7.2'].flatMap((release) =>
      SHAPES.map((shape) => [release, ...shape] as const),
    ),
  )('%s, %iK, %i bits, rodata=%s: hot-added memory is tagged, device memory is not', (release, ...shape) => {
    const session = booted(release, arm64(...shape));
    done(session, { memremap: MEMORY });
    expect(indices(session, MEMORY.start, MEMORY.size)).toEqual(new Set([INDEX.NORMAL]));
    done(session, { memunmap: MEMORY }, { add: { start: MEMORY.start, size: G } });
    expect(indices(session, MEMORY.start, G)).toEqual(new Set([INDEX.TAGGED]));
    done(session, { remove: { start: MEMORY.start, size: G } }, { memremap: { ...MEMORY, as: 'fs_dax' } });
    expect(indices(session, MEMORY.start, MEMORY.size)).toEqual(new Set([INDEX.NORMAL]));
  });

  test('v5.7 has one index for both', () => {
    const session = booted('v5.7', arm64(4, 48));
    done(session, { memremap: MEMORY }, { add: { start: 128 * G, size: G } });
    expect(indices(session, MEMORY.start, MEMORY.size)).toEqual(new Set([4]));
    expect(indices(session, 128 * G, G)).toEqual(new Set([4]));
  });
});
