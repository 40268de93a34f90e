import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { boot } from '../../src/boot/boot.ts';
import { SECTION_IS_EARLY, SECTION_IS_ONLINE, SECTION_TAINT_ZONE_DEVICE } from '../../src/kernel/state.ts';
import { parseMachineFile } from '../../src/machines/machine-file/machine-file.ts';
import type { MemMachine, Placement } from '../../src/memmap/boot/mem-machine.ts';
import { memmapOf } from '../../src/memmap/boot/memmap-of.ts';
import { is_classic, is_sparse, MEMORY_MODELS, type MemoryModel } from '../../src/memmap/kernel/config.ts';
import { contiguous, pfn_to_pointer } from '../../src/memmap/kernel/memory_model.ts';
import { subsections } from '../../src/memmap/kernel/sparse.ts';
import { memReleases } from '../../src/memmap/releases/mem-releases.ts';
import { reachable } from '../../src/memmap/scenarios/mem-checks.ts';
import { mainline } from '../../src/releases/index.ts';
import { Session } from '../../src/scenarios/running/session.ts';
import { ARM64, must, X86 } from '../kit.ts';
import { booted, play, run, texts, tiny, value } from './memmap-kit.ts';

const PAGE = 4096;
const PLACEMENTS: readonly Placement[] = ['adjacent', 'reversed', 'foreign'];
const RELEASES = [...memReleases.keys()];

/** RAM in some of eight ranges of two pages. */
const machine = fc
  .record({
    at: fc.uniqueArray(fc.nat(7), { minLength: 1 }),
    memory_model: fc.constantFrom(...MEMORY_MODELS),
    memmap: fc.constantFrom(...PLACEMENTS),
    sections_per_root: fc.constantFrom(1, 2, 4),
    node: fc.nat(1),
  })
  .map(({ at, node, ...rest }): MemMachine => {
    const ram = [...at]
      .sort((a, b) => a - b)
      .map((i) => ({ start: i * 8192, size: 8192, node: i >= 4 ? node : 0 }));
    return tiny(0, { ...rest, ram });
  });

/** One of these releases and a machine for which it can be built. */
const built = (releases: readonly string[]) =>
  fc
    .tuple(machine, fc.constantFrom(...releases))
    .filter(
      ([m, release]) =>
        !is_classic(m.memory_model) || !memReleases.get(release)!.vmemmap_only.includes('tiny'),
    );

const valid = (model: ReturnType<typeof booted>, pfn: number): boolean => {
  const outcome = run(model, model.kernel.pfn_valid(pfn));
  return outcome.ended === 'returned' && outcome.value === true;
};

test('a struct page is reachable exactly when its release calls the pfn valid', () => {
  fc.assert(
    fc.property(built(RELEASES), ([m, release]) => {
      const model = booted(release, m);
      for (let pfn = 0; pfn < 20; pfn++)
        expect(reachable(model.world, model.kernel.c, pfn), `pfn ${pfn}`).toBe(valid(model, pfn));
    }),
    { numRuns: 2000, seed: 1 },
  );
});

test('page_to_pfn undoes pfn_to_page for every valid pfn', () => {
  fc.assert(
    fc.property(built(RELEASES), ([m, release]) => {
      const model = booted(release, m);
      for (let pfn = 0; pfn < 20; pfn++) {
        if (!valid(model, pfn)) continue;
        const page = value(model, model.kernel.__pfn_to_page(pfn));
        expect(value(model, model.kernel.__page_to_pfn(page))).toBe(pfn);
      }
    }),
    { numRuns: 1000, seed: 2 },
  );
});

const range = fc.tuple(fc.nat(7), fc.integer({ min: 1, max: 3 }));
const operation = fc.oneof(
  range.map(([at, n]) => ({ add: { start: at * 8192, size: n * 8192, expect: 'any' } })),
  range.map(([at, n]) => ({ remove: { start: at * 8192, size: n * 8192, expect: 'any' } })),
);

test('the same while sections come and go, on the releases that do it right', () => {
  const releases = ['v5.4', 'v5.7', 'v5.10', 'v5.15', 'v6.1', 'v6.12', 'v7.2'];
  fc.assert(
    fc.property(
      built(releases).filter(([m]) => is_sparse(m.memory_model)),
      fc.array(operation, { minLength: 1, maxLength: 8 }),
      ([m, release], operations) => {
        for (const outcome of play(release, m, ...operations))
          expect(outcome.failures.filter(({ kind }) => kind === 'invariant' || kind === 'bug')).toEqual([]);
      },
    ),
    { numRuns: 500, seed: 3 },
  );
});

test('strides and single pages come to the same', () => {
  const sizes = fc.constantFrom(2, 4);
  fc.assert(
    fc.property(built(RELEASES), sizes, fc.nat(3), ([m, release], n, at) => {
      const step = { start: at * n * PAGE, size: n * PAGE, expect: 'any' };
      const copy = { from: 0, to: at * n * PAGE, size: n * PAGE, expect: 'any' };
      const ends = [Number.POSITIVE_INFINITY, 1].map((runLimit) => {
        const model = booted(release, { ...m, run_limit: runLimit });
        if (![0, step.start].every((pa) => reachable(model.world, model.kernel.c, pa / PAGE))) return null;
        return play(release, { ...m, run_limit: runLimit }, { prep: step }, { clear: step }, { copy }).map(
          ({ strays, failures, result }) => ({ strays, failures, result }),
        );
      });
      // a run is cleared before the next run, a page before the next page: after an oops the rest may differ
      if (ends[0]?.every(({ result }) => result !== 'BUG')) expect(ends[1]).toEqual(ends[0]);
    }),
    { numRuns: 1500, seed: 4 },
  );
});

test.each<[MemoryModel, number, number]>([
  ['FLATMEM', 8, 4],
  ['DISCONTIGMEM', 4, 4],
  ['SPARSEMEM_STATIC', 2, 2],
  ['SPARSEMEM_EXTREME', 2, 2],
  ['SPARSEMEM_VMEMMAP', 8, 4],
])('%s is contiguous for %i pages from the start, %i from the second node', (memoryModel, all, second) => {
  const ram = [0, 1].map((node) => ({ start: node * 16384, size: 16384, node }));
  const { world, kernel } = booted('v2.6.27', tiny(0, { memory_model: memoryModel, ram }));
  expect([0, 4].map((pfn) => contiguous(world, kernel.c, pfn))).toEqual([all, second]);
});

test('FLATMEM counts from ARCH_PFN_OFFSET, its holes have struct pages', () => {
  const at = (start: number) => ({ start, size: 2 ** 20, node: 0 });
  const flat = {
    ...tiny(0),
    arch: 'arm64' as const,
    memory_model: 'FLATMEM' as const,
    ram: [at(2 ** 30), at(2 ** 31)],
  };
  const model = booted('v5.2', { ...flat, arch: 'x86_64' });
  expect([0, 262143, 262144, 300000, 524288 + 255, 524288 + 256].map((pfn) => valid(model, pfn))).toEqual([
    ...[true, true, true, true, true, false],
  ]);
  const arm = booted('v6.1', flat);
  expect([0, 262143, 262144, 300000, 524288 + 255, 524288 + 256].map((pfn) => valid(arm, pfn))).toEqual([
    ...[false, false, true, true, true, false],
  ]);
});

const SECTION = 2 ** 27;

/** A boot section of 64M of RAM, 2M of them NOMAP, and a hole; device memory in a section of its own. */
function arm64(release: string, ramSection = 30) {
  const model = booted(release, {
    arch: 'arm64',
    page_size: PAGE,
    memory_model: 'SPARSEMEM_VMEMMAP',
    memmap: 'adjacent',
    section_size_bits: ramSection,
    ram: [{ start: 0, size: SECTION / 2, node: 0 }],
    nomap: [{ start: 2 ** 21, size: 2 ** 21 }],
  });
  const device = 2 ** ramSection / PAGE;
  if ('sparse_add_section' in model.kernel) value(model, model.kernel.sparse_add_section(0, device, 512));
  const at = { ram: 0, nomap: 512, hole: SECTION / 2 / PAGE, device, behind: device + 512 };
  return Object.fromEntries(Object.entries(at).map(([name, pfn]) => [name, valid(model, pfn)]));
}

test.each([
  ['v5.2', { ram: true, nomap: false, hole: false, device: false, behind: false }],
  ['v5.10', { ram: true, nomap: false, hole: false, device: false, behind: false }],
  ['v5.12', { ram: true, nomap: false, hole: false, device: true, behind: false }],
  ['v5.15', { ram: true, nomap: true, hole: true, device: true, behind: false }],
  ['v6.1', { ram: true, nomap: true, hole: true, device: true, behind: false }],
])('pfn_valid of arm64, %s', (release, want) => {
  expect(arm64(release, 27)).toEqual(want);
});

test('pfn_valid: whole sections before v5.3, sub-sections after; 6.1.192 takes no truncated pfn', () => {
  const x86 = { ...tiny(0), arch: 'x86_64' as const, memory_model: 'SPARSEMEM_VMEMMAP' as const };
  const ram = [{ start: 0, size: 2 ** 21, node: 0 }];
  for (const release of ['v5.2', 'v5.3', 'v6.1']) {
    const model = booted(release, { ...x86, ram });
    // an early section is valid over its whole span, holes included
    expect([0, 511, 512, 32767, 32768].map((pfn) => valid(model, pfn))).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
  }
  const model = booted('v6.1', { ...x86, ram });
  value(model, model.kernel.sparse_add_section(0, 32768 + 512, 512));
  expect([32768, 33279, 33280, 33791, 33792].map((pfn) => valid(model, pfn))).toEqual([
    ...[false, false, true, true, false],
  ]);
  expect(valid(model, 2 ** 52)).toBe(false);
});

test('pfn_to_online_page is as coarse as a section before v5.12', () => {
  const online = (release: string): number[] => {
    const ram = [{ start: 0, size: SECTION, node: 0 }];
    const model = booted(release, { ...tiny(0), arch: 'x86_64', memory_model: 'SPARSEMEM_VMEMMAP', ram });
    const ms = model.world.mem_section.get(0)!;
    const flags = (ms.flags & ~SECTION_IS_EARLY) | SECTION_IS_ONLINE | SECTION_TAINT_ZONE_DEVICE;
    model.world.mem_section.set(0, { ...ms, flags, usage: new Set([0, 1, 2]) });
    model.world.pagemap = [{ start: 512, end: 1024 }];
    const { kernel } = model;
    return [0, 512, 1024, 1536, 32768].filter((pfn) => value(model, kernel.pfn_to_online_page(pfn)) !== 0);
  };
  expect(online('v5.10')).toEqual([0, 512, 1024, 1536]);
  expect(online('v5.12')).toEqual([0, 1024]);
});

test('sub-section indices', () => {
  const bits = (
    arch: 'x86_64' | 'arm64',
    pageSize: number,
    sectionSizeBits: number,
    start: number,
    size: number,
  ) => {
    const ram = [{ start: 0, size: 2 ** 30, node: 0 }];
    const memoryModel = 'SPARSEMEM_VMEMMAP';
    const { c } = booted('v6.1', {
      ...tiny(0),
      arch,
      page_size: pageSize,
      section_size_bits: sectionSizeBits,
      memory_model: memoryModel,
      ram,
    }).kernel;
    const found = subsections(c, start / pageSize, size / pageSize);
    return [Math.floor(start / 2 ** sectionSizeBits), found[0], found.at(-1)];
  };
  const [M, G] = [2 ** 20, 2 ** 30];
  expect(bits('x86_64', 4096, 27, 0x10000000, 2 * M)).toEqual([2, 0, 0]);
  expect(bits('arm64', 4096, 30, 0x680000000, G)).toEqual([26, 0, 511]);
  expect(bits('arm64', 4096, 30, 0x680200000, 6 * M)).toEqual([26, 1, 3]);
  expect(bits('arm64', 65536, 29, 0x20200000, 2 * M)).toEqual([1, 1, 1]);
});

test.each(mainline.flatMap((release) => [[release, X86] as const, [release, ARM64] as const]))(
  'the hotplug kernel $name and its struct pages as addresses agree on pfn_valid',
  (release, described) => {
    const model = boot(parseMachineFile(stringify(described), 'machine'), release);
    const session = new Session(model);
    must(session, { add: { start: '8G', size: '1G', node: 1 } });
    const memmap = memmapOf(model);
    for (let pa = 0; pa < 10 * 2 ** 30; pa += 2 ** 25) {
      const pfn = pa / PAGE + 3;
      const want = run({ ...memmap, world: model.state as never }, model.kernel.pfn_valid(pfn)).value;
      expect(valid(memmap, pfn), `pfn ${pfn}`).toBe(want);
    }
    const page = pfn_to_pointer.run(memmap.world, memmap.kernel.c, 2 ** 30 / PAGE)!;
    // as alloc_contig_range() gives them: with one reference each
    memmap.world.pages.update(2 ** 18, 2 ** 19, (word) => (word & 0xff) | 256);
    expect(value(memmap, memmap.kernel.gather_bootmem_prealloc(page, 18))).toBe(true);
    value(memmap, memmap.kernel.hugetlb_no_page(page, 18));
    expect(memmap.world.strays).toEqual([]);
    expect(memmap.world.first_page.get(2 ** 30 / PAGE + 2 ** 18 - 1)).toBe(page);
  },
);

test('B50 needs classic SPARSEMEM, B51 VMEMMAP', () => {
  const addRemove = [
    { add: { start: 16384, size: 8192 } },
    { remove: { start: 16384, size: 8192, expect: 'any' } },
  ];
  const ends = (release: string, memoryModel: MemoryModel) =>
    texts(play(release, tiny(2, { memory_model: memoryModel, memmap: 'adjacent' }), ...addRemove)[1]!);
  expect(ends('v5.6-rc5', 'SPARSEMEM_VMEMMAP')).toEqual([]);
  expect(ends('v5.6-rc7', 'SPARSEMEM_EXTREME')).toEqual([]);
  expect(ends('v5.6-rc5', 'SPARSEMEM_STATIC')[0]).toContain('BUG at free_pages');
});
