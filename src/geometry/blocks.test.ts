import { describe, expect, it } from 'vitest';
import {
  blockShifts,
  contEntries,
  contSize,
  isFolded,
  pudSectIsConstant,
  tableCanBeFreed,
} from './blocks.ts';
import { type LevelName, translation } from './translation.ts';

const K = 2 ** 10;
const M = 2 ** 20;
const G = 2 ** 30;

describe('arm64', () => {
  it.each<[number, number, (number | null)[]]>([
    [4, 39, [30, 21, null]],
    [4, 48, [null, 30, 21, null]],
    [16, 36, [25, null]],
    [16, 47, [null, 25, null]],
    [16, 48, [null, null, 25, null]],
    [64, 42, [29, null]],
    [64, 48, [null, 29, null]],
    [64, 52, [null, 29, null]],
    [4, 52, [null, null, 30, 21, null]],
    [16, 52, [null, null, 25, null]],
  ])('blocks of %iK/%i', (page, va, shifts) => {
    expect(blockShifts(translation('arm64', page * K, va))).toEqual(shifts);
  });

  it.each<[number, number, number[], number[]]>([
    [4, 48, [1, 1, 16, 16], [512 * G, G, 32 * M, 64 * K]],
    [4, 39, [1, 16, 16], [G, 32 * M, 64 * K]],
    [16, 47, [1, 32, 128], [64 * G, G, 2 * M]],
    [64, 48, [1, 32, 32], [4096 * G, 16 * G, 2 * M]],
    [16, 36, [1, 128], [32 * M, 2 * M]],
    [64, 42, [1, 32], [512 * M, 2 * M]],
  ])('contiguous hints of %iK/%i', (page, va, entries, sizes) => {
    const t = translation('arm64', page * K, va);
    expect(t.shift.map((_, depth) => contEntries(t, depth))).toEqual(entries);
    expect(t.shift.map((_, depth) => contSize(t, depth))).toEqual(sizes);
  });

  it.each<[number, number, LevelName[], LevelName[], boolean]>([
    [4, 48, ['P4D'], ['PUD', 'PMD', 'PTE'], false],
    [4, 39, ['P4D', 'PUD'], ['PMD', 'PTE'], false],
    [16, 36, ['P4D', 'PUD', 'PMD'], ['PTE'], true],
    [16, 48, ['P4D'], ['PUD', 'PMD', 'PTE'], false],
    [64, 42, ['P4D', 'PUD', 'PMD'], ['PTE'], true],
    [64, 48, ['P4D', 'PUD'], ['PMD', 'PTE'], true],
    [4, 52, [], ['P4D', 'PUD', 'PMD', 'PTE'], false],
  ])('folding of %iK/%i', (page, va, folded, freed, constant) => {
    const t = translation('arm64', page * K, va);
    const all: LevelName[] = ['PGD', 'P4D', 'PUD', 'PMD', 'PTE'];
    expect(all.filter((name) => isFolded(t, name))).toEqual(folded);
    expect(all.filter((name) => tableCanBeFreed(t, name))).toEqual(freed);
    expect(pudSectIsConstant(t)).toBe(constant);
  });
});

it('x86-64 has blocks of 1G and 2M and no contiguous hint', () => {
  const t = translation('x86_64', 4096, 57);
  expect(blockShifts(t)).toEqual([null, null, 30, 21, null]);
  expect(t.shift.map((_, depth) => contEntries(t, depth))).toEqual([1, 1, 1, 1, 1]);
  expect(pudSectIsConstant(t)).toBe(false);
});
