import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contEntries } from '../src/geometry/blocks.ts';
import { entrySize } from '../src/geometry/translation.ts';
import { CONT } from '../src/hardware/descriptor/descriptor.ts';
import { held } from '../src/hardware/index.ts';
import { leaves } from '../src/hardware/walks/walk.ts';
import {
  NO_BLOCK_MAPPINGS,
  NO_CONT_MAPPINGS,
  NO_EXEC_MAPPINGS,
} from '../src/kernel/arch/arm64/mm/mmu/create_pgd_mapping.ts';
import type { Config } from '../src/kernel/config.ts';
import { leaf_address } from '../src/kernel/include/linux/pgtable.ts';
import type { Kernel } from '../src/kernel/kernel.ts';
import { phys_to_virt, vmemmap_of } from '../src/kernel/pfn.ts';
import type { Session } from '../src/scenarios/running/session.ts';
import { cases } from './cases.ts';
import { booted, G, run } from './kit.ts';
import { arm64, canBeBuilt, GEOMETRIES, wordsText } from './tables.ts';

// map → walk → unmap, on every arm64 geometry, release and kind of linear map.

const RELEASES = ['arm64-v6', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'] as const;

/** The end of boot memory. */
const FREE = 4 * G;

interface Range {
  readonly start: number;
  readonly size: number;
}

/** The sizes of entries, groups and tables. */
const units = ({ t, PAGE_SIZE }: Config): number[] => {
  const sizes = t.shift.flatMap((_, depth) => [
    entrySize(t, depth),
    contEntries(t, depth) * entrySize(t, depth),
  ]);
  return [...new Set([PAGE_SIZE, ...sizes])].filter((size) => size <= 16 * G).sort((a, b) => a - b);
};

/** Page-aligned ranges of the linear map behind boot memory, aligned to all kinds of units. */
function ranges(c: Config, largest: number): fc.Arbitrary<Range> {
  const limit = c.mappable_range.end + 1 - c.PAGE_SIZE;
  const unit = fc.constantFrom(...units(c).filter((size) => size <= largest));
  return fc
    .record({
      near: fc.constantFrom(FREE, 8 * G, 16 * G, limit),
      align: unit,
      steps: fc.nat(40),
      below: fc.boolean(),
      unit,
      count: fc.integer({ min: 1, max: 5 }),
      extra: fc.constantFrom(0, 0, c.PAGE_SIZE, 3 * c.PAGE_SIZE),
    })
    .map(({ near, align, steps, below, unit, count, extra }) => {
      const at = Math.floor(near / align) * align + (below ? -steps : steps) * align;
      const size = Math.min(unit * count + extra, largest);
      const start = Math.max(FREE, Math.min(at, Math.floor((limit - size) / c.PAGE_SIZE) * c.PAGE_SIZE));
      return { start, size };
    });
}

function* map(k: Kernel, { start, size }: Range) {
  const blocks = k.c.can_set_direct_map ? NO_BLOCK_MAPPINGS | NO_CONT_MAPPINGS : 0;
  const virt = phys_to_virt(k.c, start);
  const flags = NO_EXEC_MAPPINGS | blocks;
  return yield* k.__create_pgd_mapping(
    k.c.swapper_pg_dir,
    start,
    virt,
    size,
    k.c.pgprot.MHP,
    '__pgd_pgtable_alloc',
    flags,
  );
}

const unmap = (k: Kernel, { start, size }: Range) => k.__remove_pgd_mapping(phys_to_virt(k.c, start), size);

const returned = (session: Session, thread: Parameters<typeof run>[1]): void => {
  const { ended, events } = run(session, thread);
  expect({ ended, events }).toEqual({ ended: 'returned', events: [] });
};

/** The linear map as ranges of addresses with their outputs, whatever the leaves. */
function mapped(session: Session): string[] {
  const { c } = session.kernel;
  const found: { start: number; end: number; phys: number }[] = [];
  for (const leaf of leaves(session.state.mmu!, c.PAGE_OFFSET, c.PAGE_END)) {
    const size = entrySize(c.t, leaf.depth);
    expect(leaf.n === 1 || leaf.stride === size).toBe(true);
    const phys = leaf_address(c, leaf);
    const last = found.at(-1);
    if (last?.end === leaf.start && last.phys - last.start === phys - leaf.start) last.end = leaf.end;
    else found.push({ start: leaf.start, end: leaf.end, phys });
  }
  return found.map(({ start, end, phys }) => `${start - c.PAGE_OFFSET}+${end - start} ${phys}`);
}

/**
 * The translations of kernel addresses that any CPU may hold; for V6 without those in flight for lack of an ISB (B22).
 */
const leftOver = ({ state, kernel }: Session): unknown[] => {
  const size = 2 ** kernel.c.t.va_bits;
  const all = held(state.mmu!, -size, size);
  return kernel.release === 'arm64-v6' ? all.filter((h) => h.held_by.length > 0) : all;
};

/** Contiguous groups are removed entry by entry: a CPU may cache the rest of one as the whole (B26). */
const BEFORE_B26_WAS_CURED: ReadonlySet<string> = new Set(['arm64-v6', 'v5.7', 'v5.10']);

function hasHint({ state, kernel }: Session, { start, size }: Range): boolean {
  const va = phys_to_virt(kernel.c, start);
  return [...leaves(state.mmu!, va, va + size)].some((leaf) => leaf.attr & CONT);
}

const SHAPES = GEOMETRIES.flatMap(([page, va]) =>
  RELEASES.filter((release) => canBeBuilt(release, page, va)).flatMap((release) =>
    (['full', 'off'] as const).map((rodata) => [page, va, release, rodata] as const),
  ),
);

test('every geometry is there', () => {
  expect(SHAPES.length).toBe(2 * (7 * 6 + 5 + 2 * 2));
});

describe.each(SHAPES)('%iK, %i bits, %s, rodata=%s', (page, va, release, rodata) => {
  const machine = arm64(page, va, rodata);
  // entry by entry
  const slow = rodata === 'off' && BEFORE_B26_WAS_CURED.has(release);
  const { c } = booted(release, machine).kernel;

  test('a random range is mapped exactly, and unmapped without a trace', () => {
    fc.assert(
      fc.property(ranges(c, slow ? 2 * G : 16 * G), (range) => {
        const session = booted(release, machine);
        const { state, kernel } = session;
        const words = wordsText(session);
        const boot = mapped(session);
        returned(session, map(kernel, range));
        const here = `${range.start - c.mappable_range.start}+${range.size} ${range.start}`;
        const next = `${2 * G - c.mappable_range.start}+${range.start + range.size - 2 * G} ${2 * G}`;
        expect(mapped(session)).toEqual(range.start === FREE ? [next] : [...boot, here]);
        expect(leftOver(session)).toEqual([]);
        const contiguous = BEFORE_B26_WAS_CURED.has(release) && hasHint(session, range);
        returned(session, unmap(kernel, range));
        expect(wordsText(session)).toBe(words);
        expect(state.table_pages.freed).toEqual(state.table_pages.allocated);
        expect(leftOver(session).length > 0).toBe(contiguous);
        expect(new Set(state.mmu!.violations.map(({ rule }) => rule))).toEqual(
          new Set(contiguous ? ['contiguous-group'] : []),
        );
      }),
      { seed: 1, numRuns: cases(slow ? 3 : 6, slow ? 10 : 20) },
    );
  });

  test('entry by entry or in runs: the same words, tables and translations', () => {
    const small = ranges(c, Math.max(64 * c.PAGE_SIZE, Math.min(4 * c.PMD_SIZE, 512 * c.PAGE_SIZE)));
    fc.assert(
      fc.property(small, (range) => {
        const sessions = [true, false].map((explored) => {
          const session = booted(release, machine, { explored });
          return { session, k: session.kernel };
        });
        const look = (): string[] =>
          sessions.map(({ session }) =>
            [
              wordsText(session),
              JSON.stringify(session.state.table_pages),
              JSON.stringify(leftOver(session)),
            ].join(),
          );
        for (const { session, k } of sessions) returned(session, map(k, range));
        expect(look()[0]).toBe(look()[1]);
        for (const { session, k } of sessions) returned(session, unmap(k, range));
        expect(look()[0]).toBe(look()[1]);
      }),
      { seed: 1, numRuns: 4 },
    );
  });

  test('the memmap of a section, in both ways', () => {
    const sessions = [true, false].map((explored) => {
      const session = booted(release, machine, { explored });
      return { session, k: session.kernel, words: wordsText(session) };
    });
    const start = vmemmap_of(c, (16 * G) / c.PAGE_SIZE);
    const end = start + c.PAGES_PER_SECTION * 64;
    const seen = sessions.map(({ session, k, words }) => {
      returned(session, k.vmemmap_populate(start, end, 0, null));
      const there = wordsText(session);
      const all = [...leaves(session.state.mmu!, start, end)];
      expect([all[0]!.start, all.reduce((sum, leaf) => sum + leaf.end - leaf.start, 0)]).toEqual([
        start,
        end - start,
      ]);
      returned(session, k.vmemmap_free(start, end, null));
      expect(leftOver(session)).toEqual([]);
      // arm64-v6 keeps the tables (B37)
      if (release !== 'arm64-v6') {
        expect(wordsText(session)).toBe(words);
        expect(session.state.table_pages.freed).toEqual(session.state.table_pages.allocated);
      }
      return [there, wordsText(session), JSON.stringify(session.state.table_pages)];
    });
    expect(seen[0]).toEqual(seen[1]);
  });
});

describe('tables of the memmap that V6 keeps (B37)', () => {
  test.each(GEOMETRIES.filter(([page, va]) => canBeBuilt('arm64-v6', page, va)))(
    '%iK, %i bits',
    (page, va) => {
      fc.assert(
        fc.property(
          fc.array(fc.record({ block: fc.nat(20), remove: fc.boolean() }), { minLength: 1, maxLength: 16 }),
          (operations) => {
            const session = booted('arm64-v6', arm64(page, va));
            const { c: config } = session.kernel;
            const ever = new Set<number>();
            for (const { block, remove } of operations) {
              const start = 8 * G + block * G;
              if (remove) session.call(session.kernel.remove_memory(start, G));
              else if (session.call(session.kernel.add_memory(0, start, G, 0)).errno === null)
                ever.add(block);
            }
            for (let block = 0; block <= 20; block++)
              session.call(session.kernel.remove_memory(8 * G + block * G, G));
            const kept = keptTables(session);
            for (const level of ['PTE', 'PMD', 'PUD'] as const) {
              const depth = config.t.name.indexOf(level);
              if (depth <= 0) continue;
              // the tables for the memmap of everything ever plugged
              const cover = entrySize(config.t, depth - 1);
              const tables = new Set<number>();
              for (const block of ever) {
                const pfn = (8 * G + block * G) / config.PAGE_SIZE;
                const first = vmemmap_of(config, pfn);
                const last = vmemmap_of(config, pfn + G / config.PAGE_SIZE) - 1;
                for (let n = Math.floor(first / cover); n <= Math.floor(last / cover); n++) tables.add(n);
              }
              expect(kept[level]).toBeLessThanOrEqual(tables.size);
            }
            // again: existing tables are reused
            for (const block of ever)
              expect(session.call(session.kernel.add_memory(0, 8 * G + block * G, G, 0)).errno).toBe(null);
            for (const block of ever)
              expect(session.call(session.kernel.remove_memory(8 * G + block * G, G)).errno).toBe(null);
            expect(keptTables(session)).toEqual(kept);
          },
        ),
        { seed: 1, numRuns: 10 },
      );
    },
  );
});

const keptTables = ({ state }: Session): Record<string, number> => {
  const { allocated, freed } = state.table_pages;
  return Object.fromEntries(
    (['PUD', 'PMD', 'PTE'] as const).map((level) => [level, (allocated[level] ?? 0) - (freed[level] ?? 0)]),
  );
};
