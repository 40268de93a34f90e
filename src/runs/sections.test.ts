import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cases } from '../../test/cases.ts';
import { booted, G, run, X86 } from '../../test/kit.ts';
import { encodeMmu } from '../hardware/encode.ts';
import { pfn_to_section_nr } from '../kernel/pfn.ts';
import { NO_ZONE } from '../kernel/state.ts';
import type { Session } from '../scenarios/running/session.ts';

const BLOCK = 2 ** 27;

const operation = fc.oneof(
  fc.record({ op: fc.constant('add' as const), at: fc.nat(40), blocks: fc.integer({ min: 1, max: 24 }) }),
  fc.record({ op: fc.constant('remove' as const), at: fc.nat(40), blocks: fc.integer({ min: 1, max: 24 }) }),
  fc.record({
    op: fc.constant('part' as const),
    at: fc.nat(40),
    subsections: fc.integer({ min: 1, max: 80 }),
  }),
  fc.record({
    op: fc.constant('fail' as const),
    site: fc.constantFrom('mem_section_usage', 'vmemmap', 'pgtable', 'mem_section_root'),
    after: fc.nat(6),
  }),
  fc.record({ op: fc.constant('poison' as const), at: fc.nat(40) }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** What is left after a sequence of adds and removals below the drivers, as text. */
function outcome(session: Session, operations: readonly Operation[]): string[] {
  const { kernel: k, state } = session;
  const params = { altmap: null, pgmap: 0, pgprot: k.c.pgprot.MHP };
  const seen: string[] = [];
  for (const todo of operations) {
    const vars = state.vars.get(0)!;
    if (todo.op === 'fail') {
      vars.fail_alloc = { ...vars.fail_alloc, [todo.site]: 1 };
      vars.fail_after = { ...vars.fail_after, [todo.site]: todo.after };
      continue;
    }
    if (todo.op === 'poison') {
      vars.num_poisoned_pages = todo.at % 2;
      continue;
    }
    const start = 8 * G + todo.at * BLOCK;
    const size = todo.op === 'part' ? todo.subsections * 2 ** 21 : todo.blocks * BLOCK;
    const { ended, value, events } =
      todo.op === 'remove'
        ? run(session, k.arch_remove_memory(start, size, null))
        : run(session, k.arch_add_memory(0, start, size, params));
    seen.push(JSON.stringify([todo.op, ended, value, events]));
  }
  const { nr_vmemmap_pages, nr_memmap_pages, max_pfn, ...rest } = state.vars.get(0)! as unknown as Record<
    string,
    unknown
  >;
  return [
    ...seen,
    encodeMmu(state.mmu!),
    JSON.stringify([...state.pages.in(0, Number.MAX_SAFE_INTEGER)]),
    JSON.stringify([nr_vmemmap_pages, nr_memmap_pages, max_pfn, rest]),
    JSON.stringify([state.table_pages, [...state.mem_section], [...state.mem_section_root]]),
  ];
}

test.each(['v5.3', 'v5.4', 'v5.7', 'v6.1', 'v6.12', 'v7.2'])(
  '%s: sections added and removed together end as one by one: sections, pages, entries, counters, messages',
  (release) => {
    fc.assert(
      fc.property(
        fc.constantFrom('192M', '256M', '2G'),
        fc.array(operation, { minLength: 1, maxLength: 6 }),
        (size, operations) => {
          const machine = { ...X86, ram: [{ start: 0, size }] };
          const [exact, batch] = [true, false].map((explored) =>
            outcome(booted(release, machine, { explored }), operations),
          );
          expect(batch).toEqual(exact);
        },
      ),
      { seed: 1, numRuns: cases(12, 1000) },
    );
  },
);

test('an add and a removal take a few steps for each section', () => {
  const steps = (blocks: number): number[] => {
    const session = booted('v6.1', X86);
    const { kernel: k } = session;
    const params = { altmap: null, pgmap: 0, pgprot: k.c.pgprot.MHP };
    const add = run(session, k.__add_pages(0, (64 * G) / 4096, (blocks * BLOCK) / 4096, params));
    expect(add.value).toBe(0);
    expect(session.state.mem_section.has(pfn_to_section_nr(k.c, (64 * G) / 4096))).toBe(true);
    const remove = run(session, k.__remove_pages((64 * G) / 4096, (blocks * BLOCK) / 4096, null, NO_ZONE));
    return [add.steps, remove.steps];
  };
  const [few, many] = [steps(100), steps(200)];
  // what is left for each is to take and to free its pages
  expect(many.map((n, i) => (n - few[i]!) / 100)).toEqual([4, 4]);
});
