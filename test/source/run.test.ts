import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { kernelProgram } from '../../src/interleave/kernel-program.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { phys_to_virt } from '../../src/kernel/pfn.ts';
import { kernelStoryText } from '../../src/report/story/story.ts';
import type { Program } from '../../src/schedule/program/program.ts';
import { replay } from '../../src/schedule/replay/replay.ts';
import { explore } from '../../src/schedule/search/exploration.ts';
import { sourceKernel } from '../../src/source/kernel.ts';
import { SourceStop } from '../../src/source/stop.ts';
import type { Steps } from '../../src/steps/step.ts';
import { model, OWN, program, runOwn } from './own-kernel.ts';

const G = 2 ** 30;
const PAGE = 4096;
const own = program();

/** The linear map of a page, made by the model's function. */
const map = (k: Kernel, phys: number): Steps<number> =>
  k.__create_pgd_mapping(
    k.c.swapper_pg_dir,
    phys,
    phys_to_virt(k.c, phys),
    PAGE,
    k.c.pgprot.MHP,
    '__pgd_pgtable_alloc',
    7,
  );

describe('a C function as a thread of the model', () => {
  test('tables, barriers, TLBIs and locks are the steps of the model', () => {
    const booted = model();
    const { c } = booted.kernel;
    const pages: string[] = [];
    const { steps, ended } = runOwn(booted, own, function* (k) {
      yield* map(k, 64 * G);
      pages.push(
        ...[...booted.state.table_level.in(0, 2 ** 30)]
          .filter(({ value }) => value)
          .map(({ end }) => `0x${((end - 1) * PAGE).toString(16)}`),
      );
      yield* k.__remove_pgd_mapping(phys_to_virt(c, 64 * G), PAGE);
    });
    expect(ended).toBe('returned');
    const [pmd, pte] = pages.slice(-2);
    expect(steps.slice(steps.lastIndexOf('lock fixmap_lock'))).toEqual([
      'lock fixmap_lock',
      'read 0x40000000',
      'read 0x400011f8',
      `read ${pmd}`,
      `write ${pte} = 0 attr 0x0`,
      'dsb ishst',
      `tlbi -0x${(-phys_to_virt(c, 64 * G)).toString(16)} 1 pages last level`,
      'dsb ish',
      'isb',
      'unlock fixmap_lock',
    ]);
  });

  test('memory that boot has reserved is warned of and freed, by the struct page that the model has', () => {
    const booted = model();
    const { events, steps } = runOwn(booted, own, function* (k) {
      yield* map(k, 64 * G);
      yield* k.__remove_pgd_mapping(phys_to_virt(k.c, 64 * G), G);
    });
    expect(events).toEqual([
      { kind: 'warn', where: 'free_hotplug_page_range', text: '' },
      { kind: 'printk', level: 1, text: 'BUG: Bad page state in process swapper  pfn:40000' },
    ]);
    expect(steps.slice(-5, -1)).toEqual([
      'flags of the struct page of 0x40000',
      'warn in free_hotplug_page_range',
      'give_back 0x40000 0x40001',
      'printk BUG: Bad page state in process swapper  pfn:40000',
    ]);
  });

  test('a table is allocated for the level that the functions which run ask for, and zeroed', () => {
    const booted = model();
    const altmap = { base_pfn: 0, reserve: 0, free: 5, align: 0, alloc: 2 };
    const { value } = runOwn(booted, own, (k) => k.vmemmap_populate(-G, -G + PAGE, 1, altmap));
    expect(value).toBe(0);
    expect(altmap).toEqual({ base_pfn: 0, reserve: 0, free: 5, align: 0, alloc: 8 });
    expect(booted.state.table_pages.allocated).toEqual({ PUD: 1 });
  });

  test('without memory the allocator returns null', () => {
    const booted = model();
    booted.state.vars.get(0)!.fail_alloc = { pgtable: 1 };
    expect(runOwn(booted, own, (k) => k.vmemmap_populate(-G, -G + PAGE, 1, null)).value).toBe(-12);
  });

  test("a function outside of the bundle is the model's, with the objects it was given", () => {
    const booted = model();
    const section = booted.kernel.c.SECTION_SIZE;
    const params = { altmap: null, pgmap: 0, pgprot: booted.kernel.c.pgprot.MHP };
    const { value } = runOwn(booted, own, (k) =>
      (
        ({
          ...k,
          *vmemmap_populate(): Steps<number> {
            return 0;
          },
        }) as Kernel
      ).arch_add_memory(0, 64 * G, section, params),
    );
    expect(value).toBe(0);
    expect(booted.state.vars.get(0)!.max_pfn).toBe((64 * G + section) / PAGE);
  });
});

describe('arguments and results', () => {
  test('an array of pages is an array of pointers to their struct pages; a count of pages is returned', () => {
    const booted = model();
    const { c } = booted.kernel;
    const at = phys_to_virt(c, 64 * G);
    const { value, steps } = runOwn(booted, own, function* (k) {
      yield* map(k, 64 * G);
      return yield* k.vmap_page_range(at, at + 2 * PAGE, 3, [0x40005, 0x40002]);
    });
    expect(value).toBe(2);
    expect(steps.filter((text) => text.startsWith('write ')).slice(-2)).toEqual([
      expect.stringMatching(/ = 0x40005000 attr 0x3$/),
      expect.stringMatching(/ = 0x40002000 attr 0x3$/),
    ]);
  });

  test('a function below takes the range of the caller in the model, not that of the C', () => {
    const booted = model();
    const at = phys_to_virt(booted.kernel.c, 64 * G);
    const { value, steps } = runOwn(booted, own, function* (k) {
      yield* map(k, 64 * G);
      return yield* k.ptdump_check_wx(at, at + 2 * PAGE);
    });
    expect(value).toBe(true);
    const leaves = steps
      .filter((text) => text.startsWith('read '))
      .filter((_, i, { length }) => i >= length - 8);
    expect(leaves.filter((_, i) => i % 4 === 3)).toHaveLength(2);
    expect(Number(leaves[7]!.slice(5)) - Number(leaves[3]!.slice(5))).toBe(8);
  });

  test('an array that no object has room for ends the run', () => {
    const pages = Array.from({ length: 8193 }, () => 0x40005);
    expect(() => runOwn(model(), own, (k) => k.vmap_page_range(-G, -G + PAGE, 3, pages))).toThrow(
      'not in the boundary: an array of 8193 pages',
    );
  });
});

test.each([
  [1, 'kernel.c:LINE: not in the boundary: a write of the variable stranger'],
  [2, 'the function nobody_has_it(), which is not in the bundle, in vmemmap_free'],
  [3, 'the inline assembly "wfi"'],
  [4, 'a write of 8 bytes at 0x10'],
  [5, 'byte 8 of struct vmem_altmap'],
  [6, 'free_pages() of an address outside of the linear map'],
  [7, 'the lock that is no variable'],
  [8, 'an alternative for the capability ARM64_NOVEL'],
])('what the boundary does not have ends the run by name: %i', (way, expected) => {
  const altmap = { base_pfn: 0, reserve: 0, free: 5, align: 0, alloc: 2 };
  const run = (): unknown => runOwn(model(), own, (k) => k.vmemmap_free(-4096, -4096 + way, altmap));
  expect(run).toThrow(SourceStop);
  const message = (() => {
    try {
      run();
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  })();
  expect(message.replace(/:\d+:/, ':LINE:')).toContain(expected);
});

describe('a thread of C beside a thread of the model, on the explorer', () => {
  const booted = model();
  const { kernel, state } = booted;
  const { c } = kernel;
  const va = phys_to_virt(c, 64 * G);
  runOwn(booted, own, (k) => map(k, 64 * G));
  const source = sourceKernel(kernel, own, { functions: ['__remove_pgd_mapping'] });
  const program = (removes: Kernel): Program =>
    kernelProgram(
      'own',
      { kernel: removes, state },
      {
        remover: (k) => k.__remove_pgd_mapping(va, PAGE),
        *reader(k) {
          yield* k.ptdump_check_wx(va, va + PAGE);
        },
      },
    );
  const stats = (of: Program) => explore(of).only().states().verdict();

  test('is explored as two threads of the model are; what it has used is forgotten', () => {
    const verdict = stats(program(source));
    expect(verdict.verdict).toBe('proved');
    // ten steps of the remover: states grow with the product of both, not with their history
    expect(verdict.stats.states).toBeLessThan(12 * 60);
  });

  test('a story names functions and lines of C', () => {
    const of = program(source);
    const [first] = of.threads;
    expect(first!.name).toBe('remover');
    const trace = Array.from({ length: 10 }, () => ({ thread: 0, outcome: 0 }));
    const story = replay(of, trace, []);
    const line =
      readFileSync(new URL('fixtures/kernel.c', import.meta.url), 'utf8')
        .split('\n')
        .findIndex((text) => text.includes('dsb ishst')) + 1;
    const barrier = story.events.find(
      ({ step }) => step?.op === 'call' && step.operation.name === 'barrier_dsb',
    );
    expect(barrier?.step?.line).toEqual({
      file: 'kernel.c',
      line,
      variables: [
        { name: 'start', value: `0x${(2n ** 64n + BigInt(va)).toString(16)}` },
        { name: 'size', value: '0x1000' },
      ],
    });
    expect(barrier?.step?.by?.map(({ fn }) => fn)).toEqual(['__remove_pgd_mapping']);
    const read = story.events.find(({ step }) => step?.op === 'call' && step.operation.name === 'read_at');
    expect(read?.step?.by?.map(({ fn }) => fn)).toEqual(['__remove_pgd_mapping', 'entry_of']);
    expect(read?.step?.line?.access).toBe('volatile');
    expect(read?.step?.line?.variables).toEqual([
      { name: 'addr', value: `0x${(2n ** 64n + BigInt(va)).toString(16)}` },
    ]);
    expect(kernelStoryText(story)).toContain('(kernel.c:');
  });
});

test.each([
  ['4K', '39', -64],
  ['4K', '48', -0x8000],
  ['4K', '52', -0x8000],
  ['64K', '52', -0x8000],
  ['16K', '47', -0x4000],
  ['16K', '52', -0x4000],
])('the image lies above the linear map: %s, %s bits', (pages, bits, half) => {
  const config = { [`ARM64_${pages}_PAGES`]: 'y', ARM64_VA_BITS: bits };
  expect(program({ ...OWN, config }).half).toBe(half);
});
