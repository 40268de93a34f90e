import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cases } from '../../../test/cases.ts';
import { translation } from '../../geometry/translation.ts';
import { type Descriptor, INVALID, VALID } from '../descriptor/descriptor.ts';
import { encodeMmu } from '../encode.ts';
import { writeEntries } from '../memory/write.ts';
import { type Mmu, newMmu } from '../mmu.ts';
import { held } from './reach.ts';
import { flush } from './sequence.ts';
import { invalidate, invalidateEverywhere } from './x86.ts';

const RW = 1 << 1;
const GLOBAL = 1 << 8;
const PAGE = 4096;
const [ROOT, PUD, PMD, PTE] = [0x1000, 0x2000, 0x3000, 0x4000];
/** The first address of the kernel's half, entry 256 of the root. */
const VA = -(2 ** 47);
const RAM = 2 ** 30;

const table = (addr: number): Descriptor => ({ addr, attr: VALID | RW });
const leaf = (page: number, global = false): Descriptor => ({
  addr: RAM + page * PAGE,
  attr: VALID | RW | (global ? GLOBAL : 0),
});

/** Two CPUs; sixteen pages at VA, the upper half of them global. */
function sample(): Mmu {
  const m = newMmu({ t: translation('x86_64', PAGE, 48), root: ROOT, cpus: 2 });
  writeEntries(m, ROOT + 256 * 8, 1, table(PUD), 0);
  writeEntries(m, PUD, 1, table(PMD), 0);
  writeEntries(m, PMD, 1, table(PTE), 0);
  writeEntries(m, PTE, 8, leaf(0), PAGE);
  writeEntries(m, PTE + 64, 8, leaf(8, true), PAGE);
  return m;
}

/** What may be held: level, page, number of pages, CPUs. */
const who = (m: Mmu) =>
  held(m, VA, 2 ** 30).map((h) => [h.level, (h.va - VA) / PAGE, h.size / PAGE, h.held_by]);

test('INVLPG takes one page on one CPU, and both kinds of it', () => {
  const m = sample();
  writeEntries(m, PTE + 48, 4, INVALID, 0);
  invalidate(m, { by: 'invlpg', va: VA + 7 * PAGE + 5 });
  expect(who(m)).toEqual([
    ['PTE', 6, 1, [0, 1]],
    ['PTE', 7, 1, [1]],
    ['PTE', 8, 2, [0, 1]],
  ]);
  invalidateEverywhere(m, { by: 'invlpg', va: VA + 8 * PAGE });
  m.cpu = 1;
  invalidate(m, { by: 'invlpg', va: VA + 7 * PAGE });
  expect(who(m)).toEqual([
    ['PTE', 6, 1, [0, 1]],
    ['PTE', 9, 1, [0, 1]],
  ]);
});

test('MOV to CR3 leaves global pages, a change of CR4.PGE nothing', () => {
  const m = sample();
  writeEntries(m, PTE, 16, INVALID, 0);
  invalidateEverywhere(m, { by: 'cr3' });
  expect(who(m)).toEqual([['PTE', 8, 8, [0, 1]]]);
  invalidate(m, { by: 'pge' });
  expect(who(m)).toEqual([['PTE', 8, 8, [1]]]);
  m.cpu = 1;
  invalidate(m, { by: 'pge' });
  expect(who(m)).toEqual([]);
});

test('any INVLPG empties the paging-structure caches; the pages of an unlinked table stay, but for the one it names', () => {
  const m = sample();
  writeEntries(m, PMD, 1, INVALID, 0);
  expect(who(m)).toEqual([['PMD', 0, 512, [0, 1]]]);
  invalidateEverywhere(m, { by: 'invlpg', va: VA + 3 * PAGE });
  expect(who(m)).toEqual([
    ['PTE', 0, 3, [0, 1]],
    ['PTE', 4, 4, [0, 1]],
    ['PTE', 8, 8, [0, 1]],
  ]);
});

test('of an unlinked table MOV to CR3 leaves the global pages', () => {
  const m = sample();
  writeEntries(m, PMD, 1, INVALID, 0);
  invalidateEverywhere(m, { by: 'cr3' });
  expect(who(m)).toEqual([['PTE', 8, 8, [0, 1]]]);
});

test('a change of CR4.PGE on every CPU is what flush_tlb_all() does at once', () => {
  const write = fc.oneof(
    fc.record({ pa: fc.constant(PMD), d: fc.constantFrom(INVALID, table(PTE)), n: fc.constant(1) }),
    fc.record({
      pa: fc.nat(15).map((i) => PTE + 8 * i),
      d: fc.nat(15).chain((page) => fc.constantFrom(INVALID, leaf(page), leaf(page, true))),
      n: fc.constant(1),
    }),
  );
  fc.assert(
    fc.property(fc.array(write, { maxLength: 12 }), (writes) => {
      const [one, other] = [sample(), sample()];
      for (const m of [one, other]) for (const { pa, d, n } of writes) writeEntries(m, pa, n, d, 0);
      flush(one, { by: 'all', last_level: false, broadcast: true });
      invalidateEverywhere(other, { by: 'pge' });
      expect(encodeMmu(other)).toBe(encodeMmu(one));
      expect(who(other)).toEqual([]);
    }),
    { numRuns: cases(200, 5000) },
  );
});

test('INVLPG takes every table from the paging-structure caches, with EFER.TCE those that lead to its address', () => {
  const SECOND = 0x5000;
  const tables = (tce: boolean): unknown => {
    const m = sample();
    writeEntries(m, PMD + 8, 1, table(SECOND), 0);
    writeEntries(m, PTE, 16, INVALID, 0);
    invalidateEverywhere(m, { by: 'pge' });
    writeEntries(m, PUD, 1, INVALID, 0);
    invalidateEverywhere(m, { by: 'invlpg', va: VA, ...(tce ? { tce } : {}) });
    return held(m, VA, 2 ** 30).map((h) => [h.level, h.as, (h.va - VA) / PAGE, h.held_by]);
  };
  expect(tables(false)).toEqual([]);
  expect(tables(true)).toEqual([['PMD', 'table', 512, [0, 1]]]);
});
