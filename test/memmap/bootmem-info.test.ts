import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ImpossibleMachine } from '../../src/errors/impossible-machine.ts';
import type { MemMachine } from '../../src/memmap/boot/mem-machine.ts';
import { parseMemScenario } from '../../src/memmap/scenarios/mem-scenario.ts';
import { runMemScenario } from '../../src/memmap/scenarios/mem-session.ts';
import { booted, play, texts, tiny } from './memmap-kit.ts';

const M = 2 ** 20;
const SECTION = 8192;

/** Two nodes of two sections each. */
const twoNodes = (bootmem: MemMachine['bootmem']): MemMachine =>
  tiny(4, {
    memmap: 'adjacent',
    ram: [
      { start: 0, size: 2 * SECTION, node: 0 },
      { start: 2 * SECTION, size: 2 * SECTION, node: 1 },
    ],
    bootmem,
  });

describe('where usemaps lie', () => {
  test('with the pgdat: nothing is said', () => {
    expect(booted('v5.10', twoNodes({ usemap: 'pgdat', memmap: 0 })).messages).toEqual([]);
  });

  test('each in its own section: those beside the pgdat’s section depend on it and it on them', () => {
    expect(booted('v5.10', twoNodes({ usemap: 'own', memmap: 0 })).messages).toEqual([
      'Section 1 and 0 (node 0) have a circular dependency on usemap and pgdat allocations',
      'Section 3 and 2 (node 1) have a circular dependency on usemap and pgdat allocations',
    ]);
  });

  test('on another node: that must stay as long as this; told once for a section', () => {
    expect(booted('v5.10', twoNodes({ usemap: 1, memmap: 0 })).messages).toEqual([
      'Section 1 and 0 (node 0) have a circular dependency on usemap and pgdat allocations',
      'node 1 must be removed before remove section 1',
    ]);
  });

  test('in section 0 it is told for every section: 0 stands for the first call', () => {
    expect(booted('v5.10', twoNodes({ usemap: 0, memmap: 0 })).messages).toEqual([
      'node 1 must be removed before remove section 0',
      'node 1 must be removed before remove section 0',
    ]);
  });

  test.each([
    ['v5.3', 'arm64', 0],
    ['v5.7', 'arm64', 1],
    ['v5.3', 'x86_64', 1],
    ['v6.12', 'x86_64', 1],
    ['v7.2', 'x86_64', 0],
  ] as const)('%s on %s tells of it %i times', (release, arch, times) => {
    const size = arch === 'arm64' ? 2 ** 30 : 128 * M;
    const machine: MemMachine = {
      arch,
      page_size: 4096,
      memory_model: 'SPARSEMEM_VMEMMAP',
      memmap: 'adjacent',
      ram: [{ start: 0, size: 2 * size, node: 0 }],
      bootmem: { usemap: 1, memmap: 'pgdat' },
    };
    expect(booted(release, machine).messages).toHaveLength(times);
  });

  test('a section goes, and with it the usemaps of others', () => {
    const [outcome] = play('v5.10', twoNodes({ usemap: 1, memmap: 0 }), {
      remove: { start: SECTION, size: SECTION },
    });
    expect(texts(outcome!)).toEqual([
      'invariant: the usemap of section 0 lies in section 1, which is gone',
      'invariant: the usemap of section 2 lies in section 1, which is gone',
      'invariant: the usemap of section 3 lies in section 1, which is gone',
    ]);
  });
});

/** Sections as large as those of x86-64: 512 pages of struct pages each. */
const x86 = (memoryModel: MemMachine['memory_model'], memmap: 'pgdat' | 'own' | number): MemMachine => ({
  arch: 'x86_64',
  page_size: 4096,
  memory_model: memoryModel,
  memmap: 'adjacent',
  ram: [{ start: 0, size: 384 * M, node: 0 }],
  bootmem: { usemap: 'pgdat', memmap },
});
const second = { remove: { start: 128 * M, size: 128 * M } };
const notes = (release: string, machine: MemMachine, ...steps: object[]): string[] =>
  play(release, machine, ...steps).flatMap((outcome) => [...texts(outcome), ...outcome.notes]);

describe('who counts on the pages of a memmap', () => {
  test.each(['v5.4', 'v5.10', 'v6.12', 'v7.2'])(
    '%s: freed with the section that registered them',
    (release) => {
      const models = ['SPARSEMEM_EXTREME', 'SPARSEMEM_VMEMMAP'] as const;
      for (const model of release === 'v7.2' ? models.slice(1) : models)
        expect(notes(release, x86(model, 'pgdat'), second)).toEqual([
          'the memmap of section 1: 512 pages of section 0 freed',
        ]);
    },
  );

  test('classic SPARSEMEM keeps what lies in the section that goes; VMEMMAP does not ask', () => {
    expect(notes('v5.10', x86('SPARSEMEM_EXTREME', 'own'), second)).toEqual([
      'the memmap of section 1: stays, it lies in section 1, the one it is registered for',
    ]);
    expect(notes('v5.10', x86('SPARSEMEM_VMEMMAP', 'own'), second)).toEqual([
      'the memmap of section 1: 512 pages of section 1 freed',
    ]);
  });

  test('what several sections registered is freed by the last of them', () => {
    const machine = tiny(4, { memmap: 'adjacent', bootmem: { usemap: 0, memmap: 0 } });
    const remove = (nr: number) => ({ remove: { start: nr * SECTION, size: SECTION } });
    expect(notes('v5.10', machine, remove(1), remove(2), remove(3))).toEqual([
      'page 0 of the memmaps: stays, 3 more registered',
      'page 0 of the memmaps: stays, 2 more registered',
      'page 0 of the memmaps: stays, 1 more registered',
    ]);
  });

  test('ppc64 registers nothing: a BUG with classic SPARSEMEM, freed all the same with VMEMMAP', () => {
    const ppc64 = (memoryModel: MemMachine['memory_model']): MemMachine => ({
      ...x86(memoryModel, 2),
      arch: 'ppc64',
      ram: [{ start: 0, size: 48 * M, node: 0 }],
    });
    const remove = { remove: { start: 16 * M, size: 16 * M, expect: 'any' } };
    expect(notes('v5.10', ppc64('SPARSEMEM_EXTREME'), remove)).toEqual([
      'bug: BUG at put_page_bootmem: BUG_ON(type < MEMORY_HOTPLUG_MIN_BOOTMEM_TYPE || type > MEMORY_HOTPLUG_MAX_BOOTMEM_TYPE)',
    ]);
    expect(notes('v5.10', ppc64('SPARSEMEM_VMEMMAP'), remove)).toEqual([
      'the memmap of section 1: 64 pages of section 2 freed',
    ]);
  });
});

test.each([
  ['usemap-on-another-node', ['invariant: the usemap of section 3 lies in section 0, which is gone']],
  ['bootmem-memmap-freed', []],
  ['bootmem-memmap-in-its-own-section', []],
  [
    'bootmem-never-registered',
    [
      'bug: BUG at put_page_bootmem: BUG_ON(type < MEMORY_HOTPLUG_MIN_BOOTMEM_TYPE || type > MEMORY_HOTPLUG_MAX_BOOTMEM_TYPE)',
    ],
  ],
])('scenarios/memmap/%s.yaml', (name, failures) => {
  const file = new URL(`../../scenarios/memmap/${name}.yaml`, import.meta.url);
  const scenario = parseMemScenario(readFileSync(file, 'utf8'), name);
  const outcomes = [...runMemScenario(scenario, scenario.release)];
  expect(outcomes.flatMap(texts)).toEqual(expect.arrayContaining(failures));
  expect(outcomes.flatMap(texts).length > 0).toBe(failures.length > 0);
});

test('machines that cannot be', () => {
  const boot = (release: string, machine: MemMachine) => () => booted(release, machine);
  expect(boot('v5.10', twoNodes({ usemap: 9, memmap: 0 }))).toThrow(
    new ImpossibleMachine('bootmem: there is no section 9 for the usemaps of node 0'),
  );
  expect(boot('v5.2', twoNodes({ usemap: 'pgdat', memmap: 0 }))).toThrow(ImpossibleMachine);
  expect(boot('v5.10', twoNodes({ usemap: 0, memmap: 'own' }))).toThrow(
    'bootmem: page 0 of the memmaps cannot lie in sections 0 and 1',
  );
  expect(boot('v5.10', tiny(4, { memory_model: 'FLATMEM', bootmem: { usemap: 0, memmap: 0 } }))).toThrow(
    'bootmem: FLATMEM has no sections',
  );
});

describe('usemaps where the section of the pgdat is full', () => {
  /** The section of each node's usemaps, and what boot says; sections 0 to 3 on node 0, 4 to 7 on node 1. */
  const placed = (
    release: string,
    full: readonly number[],
    pgdat: number,
    arch: 'tiny' | 'arm64' | 'x86_64' = 'tiny',
  ) => {
    const size = arch === 'tiny' ? SECTION : 2 ** (release === 'v5.3' ? 30 : 27);
    const { world, messages } = booted(release, {
      ...tiny(0),
      arch,
      memory_model: arch === 'x86_64' ? 'SPARSEMEM_VMEMMAP' : 'SPARSEMEM_EXTREME',
      ram: [0, 1].map((node) => ({ start: node * 4 * size, size: 4 * size, node })),
      bootmem: {
        usemap: 'pgdat',
        memmap: 0,
        full,
        pgdat: [
          { node: 0, section: pgdat },
          { node: 1, section: 4 },
        ],
      },
    });
    const section = (nr: number) => world.bootmem!.pages.get(world.bootmem!.usemap.get(nr) ?? '')?.section;
    return { node0: section(0), node1: section(4), messages };
  };

  test('there is room: with the pgdat', () => {
    expect(placed('v5.10', [], 2)).toEqual({ node0: 2, node1: 4, messages: [] });
  });

  test('first below it, on its node, then on any; then above it', () => {
    const circular = (usemap: number, pgdat: number) =>
      `Section ${usemap} and ${pgdat} (node 0) have a circular dependency on usemap and pgdat allocations`;
    expect(placed('v5.10', [2], 2)).toEqual({ node0: 1, node1: 4, messages: [circular(1, 2)] });
    expect(placed('v5.10', [0, 1, 2], 2)).toEqual({ node0: 3, node1: 4, messages: [circular(3, 2)] });
    expect(placed('v5.10', [0, 4], 0)).toMatchObject({ node0: 3, node1: 3 });
  });

  test('on another node: that must stay', () => {
    expect(placed('v5.10', [4], 0).messages).toEqual(['node 1 must be removed before remove section 3']);
    expect(placed('v5.10', [0, 1, 2, 3], 0)).toEqual({
      node0: 7,
      node1: 4,
      messages: ['node 0 must be removed before remove section 7'],
    });
  });

  test('nothing is free: the sections are not there', () => {
    const { messages, node0 } = placed('v5.10', [0, 1, 2, 3, 4, 5, 6, 7], 0);
    expect(node0).toBeUndefined();
    expect(messages).toEqual([
      'sparse_init_nid: node[0] usemap allocation failed',
      'sparse_init_nid: node[1] usemap allocation failed',
    ]);
  });

  test.each([
    ['v5.3', 'arm64'],
    ['v7.2', 'x86_64'],
  ] as const)('%s on %s looks for no pgdat: the highest section of the node', (release, arch) => {
    expect(placed(release, [3], 0, arch)).toEqual({ node0: 2, node1: 7, messages: [] });
  });
});
