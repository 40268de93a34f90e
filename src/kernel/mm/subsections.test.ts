import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { booted, G, K, run } from '../../../test/kit.ts';
import { machine, PRESENT, RELEASES, Reference, SUB, traits } from '../../../test/subsections.ts';
import { isMapped } from '../../hardware/walks/walk.ts';
import type { Session } from '../../scenarios/running/session.ts';
import type { Steps } from '../../steps/step.ts';
import type { vmem_altmap } from '../kernel.ts';
import { vmemmap_of } from '../pfn.ts';
import { NO_ZONE, SECTION_IS_EARLY, SECTION_IS_ONLINE } from '../state.ts';
import { NO_PAGE } from './page.ts';

// Sub-sections are added and removed in any order, and compared with a plain set of those that exist.

const ARCHES = ['x86_64', 'arm64'] as const;

interface Add {
  readonly start: number;
  readonly count: number;
  readonly ram: boolean;
  readonly altmap: vmem_altmap | null;
}

/** A kernel and the reference, which perform the same operations. */
class Both {
  readonly session: Session;
  readonly reference: Reference;
  /** Ranges that were added in one piece and are still whole. */
  adds: Add[] = [];
  warnings = 0;

  constructor(release: string, arch: string) {
    const t = traits(release, arch);
    this.session = booted(release, machine(arch, t.section));
    expect(this.session.kernel.c.SECTION_SIZE).toBe(t.section);
    this.reference = new Reference(t);
  }

  #pfn = (s: number): number => s * this.session.kernel.c.PAGES_PER_SUBSECTION;

  #run<T>(thread: Steps<T>): T {
    const { ended, value, events } = run(this.session, thread);
    expect(ended).toBe('returned');
    this.warnings += events.filter((e) => e.kind === 'warn' && e.where === 'section_deactivate').length;
    return value as T;
  }

  add(start: number, count: number, ram: boolean, own: boolean): void {
    const { session, reference } = this;
    const nr_pages = this.#pfn(count);
    // a shared leaf would be returned to the altmap of the range that is removed last
    const altmap =
      own && start % reference.t.leaf === 0 && count % reference.t.leaf === 0
        ? {
            base_pfn: this.#pfn(start),
            reserve: 0,
            free: Math.min(nr_pages, nr_pages / 64 + 1024),
            align: 0,
            alloc: 0,
          }
        : null;
    const ret = this.#run(
      session.kernel.__add_pages(0, this.#pfn(start), nr_pages, { altmap, pgmap: 0, pgprot: 0 }),
    );
    expect(ret).toBe(reference.add(start, count));
    if (ret !== 0) return;
    this.adds.push({ start, count, ram, altmap });
    if (!ram) return;
    this.#run(session.kernel.memblock_add_node(start * SUB, count * SUB, 0, 0));
    for (let s = start; s < start + count; s++) reference.ram.add(s);
  }

  /** Removes a range as it was added; the altmap is empty again. */
  undo({ start, count, ram, altmap }: Add): void {
    const { session, reference } = this;
    this.#run(session.kernel.__remove_pages(this.#pfn(start), this.#pfn(count), altmap, NO_ZONE));
    reference.remove(start, count);
    expect(altmap?.alloc ?? 0).toBe(0);
    if (!ram) return;
    this.#run(session.kernel.memblock_remove(start * SUB, count * SUB));
    for (let s = start; s < start + count; s++) reference.ram.delete(s);
  }

  /** Removes any range, whoever added its parts. */
  tear(start: number, count: number): void {
    const { session, reference } = this;
    // part of a section's only block: the rest is the subject of another test (B28)
    const splits = reference
      .parts(start, count)
      .some((part) => part.length < reference.n && reference.blocks.has(reference.section(part[0]!)));
    if (reference.t.tables && splits) return;
    const overlaps = (a: Add): boolean => a.start < start + count && a.start + a.count > start;
    // without its altmap, memory whose own struct pages are gone would be freed
    if (this.adds.some((a) => a.altmap !== null && overlaps(a))) return;
    this.adds = this.adds.filter((a) => !overlaps(a));
    this.#run(session.kernel.__remove_pages(this.#pfn(start), this.#pfn(count), null, NO_ZONE));
    reference.remove(start, count);
  }

  /** Compares these sub-sections, at their first and last page. */
  compare(subsections: Iterable<number>): void {
    const { session, reference } = this;
    const { kernel: k, state } = session;
    const wrong: string[] = [];
    for (const s of subsections) {
      const nr = reference.section(s);
      const ms = state.mem_section.get(nr);
      const i = s % reference.n;
      const same = (what: string, is: unknown, should: unknown): void => {
        if (is !== should) wrong.push(`${what} of ${i} in section ${nr}: ${is}, not ${should}`);
      };
      for (const pfn of [this.#pfn(s), this.#pfn(s + 1) - 1]) {
        same('pfn_valid', this.#run(k.pfn_valid(pfn)), reference.valid(s));
        same('struct page', state.pages.get(pfn) !== NO_PAGE, reference.pages.has(s));
        if (reference.t.tables)
          same(
            'vmemmap',
            isMapped(state.mmu!, vmemmap_of(k.c, pfn)),
            reference.leaves.has(reference.leaf(s)),
          );
      }
      same('bit', ((ms?.subsection_map?.[i >>> 5] ?? 0) >>> (i & 31)) & 1, reference.bits.has(s) ? 1 : 0);
      const early = reference.early.has(nr) ? SECTION_IS_EARLY | SECTION_IS_ONLINE : 0;
      same('flags', ms?.section_mem_map ?? 0, reference.sections.has(nr) ? PRESENT | early : 0);
    }
    expect(wrong).toEqual([]);
    expect(this.warnings).toBe(reference.warnings);
  }
}

/** The two early sections, three behind them, one before. */
const FIRST = (4 * G) / SUB;

interface Op {
  readonly what: 'add' | 'undo' | 'tear';
  readonly at: number;
  readonly count: number;
  readonly ram: boolean;
  readonly altmap: boolean;
}

const op = (n: number): fc.Arbitrary<Op> =>
  fc
    .record({
      what: fc.constantFrom('add', 'add', 'add', 'undo', 'undo', 'tear' as const),
      at: fc.oneof(fc.integer({ min: -n, max: 4 * n }), fc.constantFrom(-n, 0, n, 1.5 * n, 2 * n, 3 * n)),
      count: fc.oneof(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 2 * n }),
        fc.constantFrom(n / 2, n),
      ),
      ram: fc.boolean(),
      altmap: fc.boolean(),
    })
    .map((o) => ({ ...o, at: FIRST + o.at, what: o.what as Op['what'] }));

describe.each(ARCHES.flatMap((arch) => RELEASES.map((release) => [arch, release] as const)))(
  '%s, %s',
  (arch, release) => {
    const { section, by_memblock, leaf, keeps_memmap, frees_early_parts } = traits(release, arch);
    const n = section / SUB;
    const all = Array.from({ length: 7 * n }, (_, i) => FIRST - n + i);

    test('maps, flags, errors, struct pages and their mappings are those of a plain set', () => {
      fc.assert(
        fc.property(fc.array(op(n), { minLength: 1, maxLength: 16 }), (ops) => {
          const both = new Both(release, arch);
          for (const { what, at, count, ram, altmap } of ops) {
            if (what === 'add') both.add(at, count, ram, altmap);
            else if (what === 'tear') both.tear(at, count);
            else if (both.adds.length) both.undo(both.adds.splice(at % both.adds.length, 1)[0]!);
            both.compare(
              [at - 1, at, at + (count >> 1), at + count - 1, at + count].filter((s) => s >= FIRST - n),
            );
          }
          both.compare(all);
          // a struct page exists exactly where a pfn is valid; the exceptions are the known ones
          if (by_memblock || leaf > 1 || keeps_memmap || frees_early_parts) return;
          for (const s of all) expect([s, both.reference.pages.has(s)]).toEqual([s, both.reference.valid(s)]);
        }),
        { seed: 3, numRuns: n > 64 ? 10 : 40 },
      );
    });

    test('what came goes in any order, and nothing is left', () => {
      fc.assert(
        fc.property(
          fc.array(op(n), { minLength: 2, maxLength: 12 }),
          fc.infiniteStream(fc.nat(11)),
          (ops, order) => {
            const both = new Both(release, arch);
            const before = { ...both.session.state.vars.get(0)! };
            for (const { at, count, ram, altmap } of ops) {
              // no leaf of a neighbour, and no range that exists in part
              const start = Math.floor(at / leaf) * leaf;
              const size = Math.ceil(count / leaf) * leaf;
              const taken = Array.from({ length: size }, (_, i) => start + i).some((s) =>
                both.reference.bits.has(s),
              );
              if (!taken && start >= FIRST - n) both.add(start, size, ram, altmap);
            }
            for (const i of order) {
              if (both.adds.length === 0) break;
              both.undo(both.adds.splice(i % both.adds.length, 1)[0]!);
            }
            both.compare(all);
            if (!keeps_memmap && !frees_early_parts)
              expect(both.session.state.vars.get(0)!.nr_vmemmap_pages).toBe(before.nr_vmemmap_pages);
          },
        ),
        { seed: 4, numRuns: n > 64 ? 10 : 40 },
      );
    });

    test('less than a sub-section is refused, and leaves nothing', () => {
      const { session } = new Both(release, arch);
      const sections = session.state.mem_section.size;
      for (const [pfn, count] of [
        [8 * G + 4 * K, SUB],
        [8 * G, SUB - 4 * K],
      ] as const) {
        const thread = session.kernel.__add_pages(0, pfn / (4 * K), count / (4 * K), {
          altmap: null,
          pgmap: 0,
          pgprot: 0,
        });
        expect(run(session, thread).value).toBe(-22);
      }
      expect(session.state.mem_section.size).toBe(sections);
    });
  },
);
