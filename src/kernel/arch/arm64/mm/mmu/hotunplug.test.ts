import { describe, expect, test } from 'vitest';
import { booted, G, K, M, run } from '../../../../../../test/kit.ts';
import { arm64, linearLines } from '../../../../../../test/tables.ts';
import { entrySize, parseVa, vaText } from '../../../../../geometry/translation.ts';
import type { Session } from '../../../../../scenarios/running/session.ts';
import type { Steps } from '../../../../../steps/step.ts';
import type { Kernel } from '../../../../kernel.ts';

/** pgtable_range_aligned() of arch/arm64/mm/mmu.c: which tables may be freed, by their ranges. */

/** The range of one entry at a level, which is that of the table under it. */
const cover = (session: Session, parent: 'PGD' | 'PUD' | 'PMD'): number => {
  const { t } = session.kernel.c;
  return entrySize(t, t.name.indexOf(parent));
};

/** Tables of the memmap that hold [start, end) and may be freed, by name. */
function may_go(session: Session, tables: Record<string, number>, start: string, end: string): string[] {
  const { c } = session.kernel;
  return Object.keys(tables).filter((name) => {
    const range = [parseVa(start), parseVa(end), c.VMEMMAP_START, c.VMEMMAP_END] as const;
    return run(session, session.kernel.pgtable_range_aligned(...range, tables[name]!)).value;
  });
}

describe('v5.7, 4K, 48 bits', () => {
  const session = booted('v5.7', arm64(4, 48));
  const tables = { PMD: cover(session, 'PUD'), PUD: cover(session, 'PGD') };

  test('the layout', () => {
    const { c } = session.kernel;
    expect(vaText(c.VMEMMAP_START)).toBe('fffffdffffe00000');
    expect([c.SECTION_SIZE / 64, tables.PMD, tables.PUD]).toEqual([G / 64, G, 512 * G]);
  });

  test.each([
    ['n=0, below fffffe0000000000', 'fffffdffffe00000', 'fffffe0000000000', []],
    ['n=0, the rest', 'fffffe0000000000', 'fffffe0000e00000', ['PMD', 'PUD']],
    ['n=1', 'fffffe0000e00000', 'fffffe0001e00000', ['PMD', 'PUD']],
  ])('%s', (_, start, end, expected) => {
    expect(may_go(session, tables, start, end)).toEqual(expected);
  });
});

describe('v5.7, 16K, 48 bits', () => {
  const session = booted('v5.7', arm64(16, 48));
  const tables = { PTE: cover(session, 'PMD'), PMD: cover(session, 'PUD'), PUD: cover(session, 'PGD') };

  test('the layout', () => {
    expect(vaText(session.kernel.c.VMEMMAP_START)).toBe('ffffff7fffe00000');
    expect(Object.values(tables)).toEqual([32 * M, 64 * G, 2 ** 47]);
  });

  test.each([
    ['n=0, first 2M', 'ffffff7fffe00000', 'ffffff8000000000', []],
    ['n=0, second 2M', 'ffffff8000000000', 'ffffff8000200000', ['PTE', 'PMD']],
    ['n=8, below the boundary', 'ffffff8001e00000', 'ffffff8002000000', ['PTE', 'PMD']],
    ['n=8, above the boundary', 'ffffff8002000000', 'ffffff8002200000', ['PTE', 'PMD']],
  ])('%s', (_, start, end, expected) => {
    expect(may_go(session, tables, start, end)).toEqual(expected);
  });

  test('n=8 crosses a boundary: each PTE table is examined for its own part', () => {
    const { c } = session.kernel;
    const at = 2 * G + 8 * G;
    expect(session.call(session.kernel.add_memory(0, at, G, 0)).errno).toBe(null);
    const asked: string[] = [];
    const kernel: Kernel = {
      ...session.kernel,
      *pgtable_range_aligned(start, end, floor, ceiling, size): Steps<boolean> {
        if (size === tables.PTE) asked.push(`${vaText(start)}-${vaText(end)}`);
        return yield* session.kernel.pgtable_range_aligned(start, end, floor, ceiling, size);
      },
    };
    const start = c.VMEMMAP_START + 8 * 4 * M;
    run(session, kernel.vmemmap_free(start, start + 4 * M, null));
    expect(asked).toEqual(['ffffff8001e00000-ffffff8002000000', 'ffffff8002000000-ffffff8002200000']);
  });
});

describe('v6.1, 64K, 48 bits', () => {
  const session = booted('v6.1', arm64(64, 48));
  const { c } = session.kernel;
  const tables = { PTE: cover(session, 'PMD'), PMD: cover(session, 'PGD') };

  test('the layout', () => {
    expect(vaText(c.VMEMMAP_START)).toBe('ffffffc000000000');
    expect([(c.SECTION_SIZE / c.PAGE_SIZE) * 64, tables.PTE, tables.PMD]).toEqual([
      512 * K,
      512 * M,
      2 ** 42,
    ]);
  });

  test.each([0, 1, 1023, 1024, 5000])('n=%i: the PTE table may go, the PMD table stays', (n) => {
    const start = c.VMEMMAP_START + n * 512 * K;
    expect(may_go(session, tables, vaText(start), vaText(start + 512 * K))).toEqual(['PTE']);
  });
});

describe('a range that ends at 2^64 (B30)', () => {
  test('the rule says that its tables may go', () => {
    const { kernel } = booted('v5.7', arm64(4, 48));
    const session = booted('arm64-v6', arm64(4, 48));
    const start = parseVa('ffffffffc0000000');
    for (const size of [2 * M, G, 512 * G]) {
      const thread = kernel.pgtable_range_aligned(start, 0, session.kernel.c.PAGE_OFFSET, 0, size);
      expect(run(session, thread).value).toBe(true);
    }
  });

  const removed = (start: number, size: number, rodata: 'full' | 'off', va_bits: number): string[] => {
    const session = booted('arm64-v6', arm64(4, va_bits, rodata));
    expect(session.call(session.kernel.add_memory(1, start, size, 0)).errno).toBe(null);
    expect(session.call(session.kernel.remove_memory(start, size)).errno).toBe(null);
    return linearLines(session, start, size);
  };
  // the linear map starts at 2G
  const top = (va_bits: number): number => 2 * G + 2 ** (va_bits - 1);

  test('base pages: the first 2M of the range go', () => {
    expect(removed(top(39) - G, G, 'full', 39)).toEqual([`${511 * 512} x 4K`]);
    expect(removed(top(48) - G, G, 'full', 48)).toEqual([`${511 * 512} x 4K`]);
  });

  test('several root entries: the part under the first one goes', () => {
    expect(removed(top(39) - 2 * G, 2 * G, 'full', 39)).toEqual([`${512 * 512} x 4K`]);
  });

  test('one 1G block: it goes as a whole', () => {
    expect(removed(top(48) - G, G, 'off', 48)).toEqual([]);
  });

  test('two of them: the first goes', () => {
    expect(removed(top(48) - 2 * G, 2 * G, 'off', 48)).toEqual(['1 x 1G']);
  });

  test('elsewhere everything does', () => {
    expect(removed(top(39) - 2 * G, G, 'full', 39)).toEqual([]);
  });
});

describe('a block of which a part is removed (B27)', () => {
  const left = (release: string): string[] => {
    const session = booted(release, arm64(4, 48, 'off'));
    expect(session.call(session.kernel.add_memory(1, 64 * G, G, 0)).errno).toBe(null);
    expect(linearLines(session, 64 * G, G)).toEqual(['1 x 1G']);
    expect(session.call(session.kernel.remove_memory(64 * G, 128 * M)).errno).toBe(null);
    return linearLines(session, 64 * G, G);
  };

  test.each(['v6.1', 'v6.12', 'v7.2'])('%s: all of it goes, if the part was never online', (release) => {
    expect(left(release)).toEqual([]);
  });
});

describe('an add whose second section fails (B32)', () => {
  test.each(['arm64-v6', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'])(
    '%s: one section stays, no memory is mapped',
    (release) => {
      const session = booted(release, arm64(4, 48));
      const { state, kernel } = session;
      const size = kernel.c.SECTION_SIZE;
      state.vars.get(0)!.fail_alloc = { vmemmap_populate: 1 };
      state.vars.get(0)!.fail_after = { vmemmap_populate: 1 };
      expect(session.call(session.kernel.add_memory(1, 64 * G, 2 * size, 0)).errno).toBe('ENOMEM');
      expect(state.mem_section.get((64 * G) / size)!.section_mem_map).toBe(3);
      expect(state.mem_section.get((64 * G) / size + 1)?.section_mem_map ?? 0).toBe(0);
      expect(linearLines(session, 64 * G, 2 * size)).toEqual([]);
    },
  );
});
