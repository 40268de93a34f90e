import { describe, expect, test } from 'vitest';
import { booted, G, play } from './kit.ts';
import { arm64 } from './tables.ts';

// An add of one section fails at each of its allocations in turn: nothing of it may be left.

const AT = 128 * G;

/** The result of an add, and the invariants violated after it, with the nth allocation at a site failing. */
function failing(release: string, page: number, va: number, site: string, after: number) {
  const session = booted(release, arm64(page, va));
  const size = session.kernel.c.memory_block_size_bytes;
  const add = { add: { start: AT, size, expect: 'any' } };
  const [, first] = play(session, { fail: { site, after } }, add);
  const broken = first!.failures.map(({ text }) => text);
  if (first!.result === 'success' || first!.result === 'BUG') return { result: first!.result, broken };
  const [again] = play(session, add);
  return { result: first!.result, broken: [...broken, ...again!.failures.map(({ text }) => text)] };
}

describe.each(['arm64-v6', 'v5.7', 'v5.10'])('%s', (release) => {
  // a section of 1G has a memmap of 16M, 4M, 1M
  test.each([
    [4, 48, 8],
    [16, 47, 256],
    [64, 48, 16],
  ])('%iK, %i bits: the memmap of a section takes %i allocations', (page, va, n) => {
    const some = n > 20 ? [0, 1, 127, n - 1] : Array.from({ length: n }, (_, i) => i);
    for (const after of some) {
      expect([after, failing(release, page, va, 'vmemmap_block', after)]).toEqual([
        after,
        { result: 'ENOMEM', broken: [] },
      ]);
    }
    expect(failing(release, page, va, 'vmemmap_block', n).result).toBe('success');
  });

  test('a table page that is missing is a BUG', () => {
    expect(failing(release, 4, 48, 'pgtable', 0)).toEqual({
      result: 'BUG',
      broken: ['BUG at __pgd_pgtable_alloc'],
    });
  });
});

describe.each(['v6.1', 'v6.12', 'v7.2'])('%s', (release) => {
  test('4K: without a block the memmap is base pages', () => {
    expect(failing(release, 4, 48, 'vmemmap_block', 0)).toEqual({ result: 'success', broken: [] });
  });
});

test('v7.2: every table page may be missing', () => {
  // 128M at 128G: a PMD and 64 PTE tables of the linear map, a PUD and a PMD table of the memmap
  for (let after = 0; after < 67; after++) {
    const { result, broken } = failing('v7.2', 4, 48, 'pgtable', after);
    expect([after, result]).toEqual([after, 'ENOMEM']);
    // the constructor never ran for the freed table (B36)
    const miscounted = [
      'tables: NR_PAGETABLE is -1, 0 table pages are constructed',
      'tables: NR_PAGETABLE is 64, 65 table pages are constructed',
    ];
    expect(broken).toEqual(after < 66 ? [] : miscounted);
  }
  expect(failing('v7.2', 4, 48, 'pgtable', 67).result).toBe('success');
});
