import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cases } from '../../../../../../test/cases.ts';
import { booted, G, K, M, run, withOptions, X86 } from '../../../../../../test/kit.ts';
import { entrySize } from '../../../../../geometry/translation.ts';
import { encodeMmu } from '../../../../../hardware/encode.ts';
import { leaves } from '../../../../../hardware/walks/walk.ts';
import type { Session } from '../../../../../scenarios/running/session.ts';
import type { Steps } from '../../../../../steps/step.ts';
import { leaf_address } from '../../../../include/linux/pgtable.ts';
import { phys_to_virt, vmemmap_of } from '../../../../pfn.ts';

const RELEASES = ['v5.2', 'v5.4', 'v5.10', 'v6.1', 'v6.12', 'v7.2'];
const MACHINES = [48, 57].flatMap((va_bits) =>
  ['', 'nogbpages', 'debug_pagealloc=on', 'pti=on'].map((options) => ({
    machine: withOptions({ ...X86, va_bits }, options),
    /** The largest leaf. */
    leaf: options === 'nogbpages' ? 2 * M : options === 'debug_pagealloc=on' ? 4 * K : G,
  })),
);

/** Ranges in whole pages about the ends of tables of each level; each lies in a region of its own. */
const range = fc.record({
  near: fc.constantFrom(8 * G, 12 * G, 512 * G, 1024 * G),
  below: fc.oneof(fc.nat(1200), fc.constantFrom(0, 512, 1024)),
  pages: fc.oneof(fc.integer({ min: 1, max: 1500 }), fc.constantFrom(512, 1024)),
  gigabytes: fc.nat(2),
});
type Range = typeof range extends fc.Arbitrary<infer T> ? T : never;

const spans = (ranges: readonly Range[], leaf: number): { start: number; size: number }[] =>
  ranges.map(({ near, below, pages, gigabytes }, i) => ({
    start: near + i * 2048 * G - below * 4 * K,
    size: pages * 4 * K + (leaf === 4 * K ? 0 : gigabytes * G),
  }));

/** Everything that a mapping changes, as text. */
const everything = ({ state }: Session): string[] => [
  encodeMmu(state.mmu!),
  JSON.stringify([...state.pages.in(0, Number.MAX_SAFE_INTEGER)]),
  JSON.stringify([state.table_pages, state.vars.get(0)!.nr_page_table_pages]),
];

const held = ({ state }: Session): number => state.mmu!.stale.reduce((sum, { count }) => sum + count, 0);

/** The tables of a level that are in use. */
const inUse = ({ state }: Session, level: 'P4D' | 'PUD' | 'PMD' | 'PTE'): number =>
  (state.table_pages.allocated[level] ?? 0) - (state.table_pages.freed[level] ?? 0);

test('random ranges: mapped, walked and unmapped; nothing is left or held, and the batch forms do the same', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...RELEASES),
      fc.constantFrom(...MACHINES),
      fc.array(range, { minLength: 1, maxLength: 3 }),
      (release, { machine, leaf }, ranges) => {
        const sessions = [false, true].map((explored) => booted(release, machine, { explored }));
        const both = (name: 'init_memory_mapping' | 'kernel_physical_mapping_remove', ...args: number[]) => {
          for (const session of sessions) {
            const call = session.kernel[name] as (...args: number[]) => Generator<never, unknown>;
            expect(run(session, call.apply(session.kernel, args))).toMatchObject({
              ended: 'returned',
              events: [],
            });
          }
          expect(everything(sessions[0]!)).toEqual(everything(sessions[1]!));
        };
        const [session] = sessions as [Session];
        const { c } = session.kernel;
        const roots = new Set<number>();
        for (const { start, size } of spans(ranges, leaf)) {
          both('init_memory_mapping', start, start + size, c.pgprot.PAGE_KERNEL);
          const va = phys_to_virt(c, start);
          let at = va;
          for (const found of leaves(session.state.mmu!, va, va + size)) {
            expect([found.start, leaf_address(c, found)]).toEqual([at, start + at - va]);
            expect(entrySize(c.t, found.depth)).toBeLessThanOrEqual(leaf);
            at = found.end;
          }
          expect(at).toBe(va + size);
          const root = entrySize(c.t, 0);
          for (let i = Math.floor(va / root); i * root < va + size; i++) roots.add(i);
        }
        for (const { start, size } of spans(ranges, leaf)) {
          both('kernel_physical_mapping_remove', start, start + size);
          const va = phys_to_virt(c, start);
          expect([...leaves(session.state.mmu!, va, va + size)]).toEqual([]);
          expect(held(session)).toBe(0);
        }
        // the kernel never frees the table under an entry of the root
        roots.delete(Math.floor(phys_to_virt(c, 0) / entrySize(c.t, 0)));
        const five = c.t.levels === 5;
        expect([
          inUse(session, 'P4D'),
          inUse(session, 'PUD'),
          inUse(session, 'PMD'),
          inUse(session, 'PTE'),
        ]).toEqual(five ? [roots.size, 0, 0, 0] : [0, roots.size, 0, 0]);
      },
    ),
    { numRuns: cases(25, 1000) },
  );
});

test('random memmaps: by blocks and by base pages, the same by batch forms', () => {
  const piece = fc.record({ section: fc.nat(40), part: fc.boolean() });
  fc.assert(
    fc.property(
      fc.constantFrom(...RELEASES),
      fc.constantFrom(...MACHINES),
      fc.uniqueArray(piece, { minLength: 1, maxLength: 6, selector: ({ section }) => section }),
      (release, { machine }, pieces) => {
        const sessions = [false, true].map((explored) => booted(release, machine, { explored }));
        const before = everything(sessions[0]!)[1];
        for (const remove of [false, true]) {
          for (const { section, part } of pieces) {
            for (const session of sessions) {
              const k = session.kernel;
              const pfn = (64 * G) / k.c.PAGE_SIZE + section * 32768;
              const [start, end] = [vmemmap_of(k.c, pfn), vmemmap_of(k.c, pfn + (part ? 512 : 32768))];
              const thread: Steps<unknown> = remove
                ? k.vmemmap_free(start, end, null)
                : part
                  ? k.vmemmap_populate_basepages(start, end, 0, null)
                  : k.vmemmap_populate(start, end, 0, null);
              expect(run(session, thread)).toMatchObject({ ended: 'returned', events: [] });
            }
            expect(everything(sessions[0]!)).toEqual(everything(sessions[1]!));
          }
        }
        const [session] = sessions as [Session];
        expect([held(session), inUse(session, 'PMD'), inUse(session, 'PTE')]).toEqual([0, 0, 0]);
        expect(everything(session)[1] === before).toBe(inUse(session, 'PUD') + inUse(session, 'P4D') === 0);
      },
    ),
    { numRuns: cases(25, 500) },
  );
});
