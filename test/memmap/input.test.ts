import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BadOperation } from '../../src/errors/bad-operation.ts';
import { ImpossibleMachine } from '../../src/errors/impossible-machine.ts';
import { InputError } from '../../src/errors/input-error.ts';
import type { MemMachine } from '../../src/memmap/boot/mem-machine.ts';
import { isMemScenario, parseMemScenario } from '../../src/memmap/scenarios/mem-scenario.ts';
import { runMemScenario } from '../../src/memmap/scenarios/mem-session.ts';
import { booted, play, texts, tiny } from './memmap-kit.ts';

const G = 2 ** 30;
const ppc64: MemMachine = { ...tiny(0), arch: 'ppc64', ram: [{ start: 0, size: 32 * G, node: 0 }] };

test.each<[string, Partial<MemMachine>, string]>([
  ['v2.6.27', { page_size: 16384 }, 'ppc64 has no pages of 16384 bytes'],
  [
    'v2.6.27',
    { section_size_bits: 23 },
    'v2.6.27 on ppc64 with SPARSEMEM_EXTREME does not build: Allocator MAX_ORDER exceeds SECTION_SIZE (12 + 12 > 23)',
  ],
  [
    'v6.1',
    { section_size_bits: 20, max_order: 5, memory_model: 'SPARSEMEM_VMEMMAP' },
    'v6.1 on ppc64 with SPARSEMEM_VMEMMAP does not build: Subsection size exceeds section size (21 > 20)',
  ],
  [
    'v5.3',
    { section_size_bits: 20, max_order: 5 },
    'v5.3 on ppc64 with SPARSEMEM_EXTREME does not build: Subsection size exceeds section size (21 > 20)',
  ],
  [
    'v6.1',
    { section_size_bits: 46 },
    'v6.1 on ppc64 with SPARSEMEM_EXTREME does not build: SECTION_SIZE_BITS 46 is past MAX_PHYSMEM_BITS 44',
  ],
  [
    'v6.1',
    { sections_per_root: 3 },
    'v6.1 on ppc64 with SPARSEMEM_EXTREME does not build: SECTIONS_PER_ROOT 3 is not a power of two',
  ],
  ['v6.1', { ram: [{ start: 4097, size: 4096, node: 0 }] }, 'RAM must be whole pages of 4096 bytes'],
  ['v6.1', { ram: [0, 4096].map((start) => ({ start, size: 8192, node: 0 })) }, 'RAM ranges overlap'],
  [
    'v6.1',
    { ram: [{ start: 2 ** 45, size: G, node: 0 }] },
    'all RAM lies past 2^44: Start of range 8589934592 -> 8590196736 exceeds SPARSEMEM max 4294967296',
  ],
])('%s with %j is impossible', (release, more, message) => {
  expect(() => booted(release, { ...ppc64, ...more })).toThrow(new ImpossibleMachine(message));
});

test('sections of 1M build before sub-sections; a section of 2M is one sub-section', () => {
  expect(booted('v5.2', { ...ppc64, section_size_bits: 20, max_order: 5 }).kernel.c.PAGES_PER_SECTION).toBe(
    256,
  );
  const { c } = booted('v5.3', { ...ppc64, section_size_bits: 21, max_order: 5 }).kernel;
  expect(c.PAGES_PER_SECTION / c.PAGES_PER_SUBSECTION).toBe(1);
});

test('RAM past MAX_PHYSMEM_BITS is cut off with the message of the kernel', () => {
  const model = booted('v6.1', { ...ppc64, max_physmem_bits: 34 });
  expect(model.messages).toEqual(['End of range 0 -> 8388608 exceeds SPARSEMEM max 4194304']);
  expect(model.world.mem_section.size).toBe(1024);
  expect(booted('v6.1', { ...ppc64, memory_model: 'FLATMEM', max_physmem_bits: 34 }).messages).toEqual([]);
});

test.each([
  ['v2.6.27', 'ppc64', 'Invalid huge page size specified(1073741824)'],
  ['v5.10', 'ppc64', 'HugeTLB: unsupported hugepagesz=1G'],
  ['v5.2', 'x86_64', 'hugepagesz: Unsupported page size 16384 M'],
  ['v5.2', 'arm64', 'hugepagesz: Unsupported page size 16777216 K'],
  ['v6.12', 'x86_64', 'HugeTLB: unsupported hugepagesz=16G'],
] as const)('%s on %s refuses a size that is not offered', (release, arch, message) => {
  const size = arch === 'ppc64' ? G : 16 * G;
  const [outcome] = play(release, { ...ppc64, arch }, { hugepagesz: { size, expect: 'EINVAL', message } });
  expect(texts(outcome!)).toEqual([]);
  expect(outcome!.ret).toBe(-22);
});

test.each<[object, string]>([
  [{ prep: { start: 100, size: '16K' } }, '0x64 is not a multiple of the page size'],
  [{ prep: { start: '1M', size: '16K' } }, '0x100000 has no struct page'],
  [{ prep: { start: 0, size: 12288 } }, '0x3000 is not a size of a huge page'],
  [
    { follow: { start: 0, size: '16K', offset: '12K', length: '8K' } },
    '0x3000+0x2000 reaches past the page of 0x4000',
  ],
  [{ add: { start: 4096, size: 8192 } }, '0x1000+0x2000 is not a multiple of 0x2000'],
])('%j cannot be done as written', (step, message) => {
  expect(() => play('v6.1', tiny(4), step)).toThrow(new BadOperation(`test: steps[0]: ${message}`));
});

test('sections that come and go are not modelled before v5.3 and not without sections', () => {
  const add = { add: { start: 32768, size: 8192 } };
  expect(() => play('v5.2', tiny(4), add)).toThrow(
    'not modelled: sections that come and go with SPARSEMEM_EXTREME on v5.2',
  );
  expect(() => play('v6.1', tiny(4, { memory_model: 'FLATMEM' }), add)).toThrow('not modelled');
});

const HEAD = 'release: v6.1\nmemory: {arch: tiny, ram: [{start: 0, size: 8K}]}\n';
test.each([
  [
    'release: v6.0\nmemory: {arch: tiny, ram: [{start: 0, size: 8K}]}\nsteps: [{prep: {start: 0, size: 8K}}]',
    'line 1 release: "v6.0" is not a release for struct pages',
  ],
  [`${HEAD}steps:\n  - boil: {}`, 'line 4 steps[0].boil: is not an operation; there are hugepagesz, prep,'],
  [`${HEAD}steps:\n  - prep: {start: 0, size: 8Q}`, 'line 4 steps[0].prep.size: is not a number of bytes'],
  [`${HEAD}steps: []`, 'line 3 steps'],
  ['release: v6.1\nmemory: {arch: mips, ram: []}\nsteps: [1]', 'line 2 memory.arch'],
])('a wrong file is an error with its place: %j', (text, message) => {
  expect(() => parseMemScenario(text, 'f.yaml')).toThrow(InputError);
  expect(() => parseMemScenario(text, 'f.yaml')).toThrow(message);
});

test('a scenario about struct pages says memory, one about a machine says machine', () => {
  expect(isMemScenario(HEAD)).toBe(true);
  expect(isMemScenario('machine: {arch: arm64}\nsteps: []')).toBe(false);
});

test('whatever is in the file, it runs, or is refused by name', () => {
  const size = fc.oneof(
    fc.constantFrom(0, 64, 4096, 8192, 16384, '2M', '16M', '1G', '16G', '4P', 2 ** 52, 2 ** 52 - 4096),
    fc.nat(2 ** 31),
  );
  const few = fc.option(fc.nat(60), { nil: undefined });
  const memory = fc.record({
    arch: fc.constantFrom('tiny', 'ppc64', 'x86_64', 'arm64'),
    page_size: fc.constantFrom(4096, 16384, 65536),
    memory_model: fc.constantFrom('flatmem', 'discontigmem', 'sparsemem', 'sparsemem_static', 'vmemmap'),
    memmap: fc.constantFrom('adjacent', 'reversed', 'foreign'),
    ram: fc.array(fc.record({ start: size, size, node: fc.nat(3) }), { minLength: 1, maxLength: 3 }),
    section_size_bits: few,
    max_physmem_bits: few,
    max_order: few,
    beyond: fc.constantFrom(null, undefined, 'x'),
  });
  const range = fc.record({ start: size, size });
  const step = fc.oneof(
    ...['prep', 'clear', 'free', 'hold', 'lock', 'add', 'remove'].map((kind) =>
      range.map((r) => ({ [kind]: r })),
    ),
    fc.record({ from: size, to: size, size }).map((copy) => ({ copy })),
    fc.record({ start: size, size, offset: size, length: size }).map((follow) => ({ follow })),
    size.map((start) => ({ pfn_valid: { start, is: true } })),
    size.map((n) => ({ hugepagesz: { size: n } })),
  );
  const releases = fc.constantFrom('v2.6.27', 'gigantic-v2', 'v5.3', 'v6.1', 'v6.12', 'v7.2');
  const counts: Record<string, number> = {};
  fc.assert(
    fc.property(memory, releases, fc.array(step, { minLength: 1, maxLength: 4 }), (m, release, steps) => {
      let end = 'ran';
      try {
        const scenario = parseMemScenario(JSON.stringify({ release, memory: m, steps }), 'f');
        for (const _ of runMemScenario(scenario, scenario.release));
      } catch (error) {
        const named = [InputError, BadOperation, ImpossibleMachine].find((kind) => error instanceof kind);
        if (!named) throw error;
        end = named.name;
      }
      counts[end] = (counts[end] ?? 0) + 1;
    }),
    { numRuns: 3000, seed: 5 },
  );
  expect(Object.keys(counts).sort()).toEqual(['BadOperation', 'ImpossibleMachine', 'InputError', 'ran']);
});
