import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ARM64, booted, G, run, X86 } from '../../test/kit.ts';
import { arm64, canBeBuilt, GEOMETRIES } from '../../test/tables.ts';
import { encodeMmu } from '../hardware/encode.ts';
import {
  NO_BLOCK_MAPPINGS,
  NO_CONT_MAPPINGS,
  NO_EXEC_MAPPINGS,
} from '../kernel/arch/arm64/mm/mmu/create_pgd_mapping.ts';
import type { Kernel, KernelFunctions } from '../kernel/kernel.ts';
import { phys_to_virt, vmemmap_of } from '../kernel/pfn.ts';
import { findRelease, mainline, makeKernel, releases } from '../releases/index.ts';
import type { Session } from '../scenarios/running/session.ts';
import type { Steps } from '../steps/step.ts';
import { FORMS, run_alone } from './index.ts';

const exact_kernels: readonly Kernel[] = [...releases.values()].flatMap((release) =>
  [ARM64, X86].map((machine) => makeKernel(release, booted(release.name, machine).kernel.c)),
);
const stands = (k: Kernel, i: number): boolean => run_alone(k)[FORMS[i]!.name] === FORMS[i]!.batch;

describe('a batch form', () => {
  test.each([...new Set(FORMS.map(({ exact }) => exact))])(
    '%o has one that stands in some release',
    (exact) => {
      const of_it = FORMS.flatMap((form, i) => (form.exact === exact ? [i] : []));
      expect(exact_kernels.some((k) => of_it.some((i) => stands(k, i)))).toBe(true);
    },
  );

  test('stands only for the very functions it knows: any other of their names runs, and so does its caller', () => {
    const k = exact_kernels.find(({ release, c }) => release === 'v6.1' && c.arch === 'arm64')!;
    for (const [i, { name, instead_of = {} }] of FORMS.entries()) {
      if (!stands(k, i)) continue;
      for (const called of [name, ...Object.keys(instead_of)] as (keyof KernelFunctions)[]) {
        const fn = k[called] as (this: Kernel, ...args: never[]) => Steps<unknown>;
        const replaced = { ...k, [called]: (...args: never[]) => fn.call(k, ...args) };
        const of = (one: Kernel): unknown => one[name];
        expect([name, called, of(run_alone(replaced))]).toEqual([name, called, of(replaced)]);
        expect([name, called, of(run_alone(k, [called]))]).toEqual([name, called, of(k)]);
      }
    }
  });

  test('is not a kernel for the explorer', () => {
    expect(run_alone(exact_kernels[0]!).alone).toBe(true);
    expect(exact_kernels.filter(({ alone }) => alone)).toEqual([]);
  });
});

/** An operation on a machine, in pages; positions are counted from one that is far from all memory. */
const operation = fc.oneof(
  fc.record({
    op: fc.constantFrom('map' as const, 'populate' as const, 'blocks' as const),
    at: fc.nat(700),
    pages: fc.integer({ min: 1, max: 1200 }),
    blocks: fc.boolean(),
  }),
  fc.record({ op: fc.constant('vmalloc' as const), pages: fc.integer({ min: 1, max: 700 }) }),
  fc.record({
    op: fc.constant('ioremap' as const),
    at: fc.nat(700),
    pages: fc.integer({ min: 1, max: 700 }),
  }),
  fc.record({ op: fc.constant('undo' as const) }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** The final state after a sequence of operations, as text. */
function outcome(session: Session, operations: readonly Operation[]): string[] {
  const { kernel: k, state } = session;
  const { c } = k;
  const { PAGE_SIZE } = c;
  const undo: (() => Steps<unknown>)[] = [];
  const seen: string[] = [];
  const done = (thread: Steps<unknown>): unknown => {
    const { ended, value, events } = run(session, thread);
    seen.push(JSON.stringify([ended, value, events]));
    return value;
  };
  let far = 8 * G;
  for (const todo of operations) {
    // no range is mapped twice
    far += 2 ** Math.ceil(Math.log2(2048 * PAGE_SIZE));
    switch (todo.op) {
      case 'map': {
        const start = far + todo.at * PAGE_SIZE;
        const size = todo.pages * PAGE_SIZE;
        const virt = phys_to_virt(c, start);
        const flags = NO_EXEC_MAPPINGS | (todo.blocks ? 0 : NO_BLOCK_MAPPINGS | NO_CONT_MAPPINGS);
        done(
          k.__create_pgd_mapping(
            c.swapper_pg_dir,
            start,
            virt,
            size,
            c.pgprot.MHP,
            '__pgd_pgtable_alloc',
            flags,
          ),
        );
        undo.push(() => k.__remove_pgd_mapping(virt, size));
        break;
      }
      case 'populate': {
        const start = vmemmap_of(c, far / PAGE_SIZE) + todo.at * PAGE_SIZE;
        const end = start + Math.min(todo.pages, 40) * PAGE_SIZE;
        done(k.vmemmap_populate_basepages(start, end, 0, null));
        undo.push(() => k.vmemmap_free(start, end, null));
        break;
      }
      case 'blocks': {
        if (c.PAGE_SHIFT !== 12) break;
        const start = vmemmap_of(c, far / PAGE_SIZE);
        const end = start + Math.max(1, todo.pages % 5) * c.PMD_SIZE;
        done(k.vmemmap_populate_hugepages(start, end, 0, null));
        undo.push(() => k.vmemmap_free(start, end, null));
        break;
      }
      case 'vmalloc': {
        const va = done(k.vmalloc(todo.pages * PAGE_SIZE)) as number;
        undo.push(() => k.vfree(va));
        break;
      }
      case 'ioremap': {
        const size = todo.pages * PAGE_SIZE;
        const va = done(k.__ioremap(far + todo.at * PAGE_SIZE, size, c.pgprot.PAGE_KERNEL)) as number;
        undo.push(() => k.iounmap(va));
        break;
      }
      default: {
        const last = undo.pop();
        if (last) done(last());
      }
    }
  }
  const { nr_vmemmap_pages, nr_page_table_pages } = state.vars.get(0)!;
  return [
    ...seen,
    encodeMmu(state.mmu!),
    JSON.stringify([...state.pages.in(0, Number.MAX_SAFE_INTEGER)]),
    JSON.stringify([state.table_pages, nr_vmemmap_pages, nr_page_table_pages, state.vmap_lazy_nr]),
    JSON.stringify(state.vmap_areas.map(({ va_start, va_end, vm }) => [va_start, va_end, vm?.flags])),
  ];
}

const TEARING_DOWN = ['arm64-v5', 'arm64-v6', ...mainline.map(({ name }) => name)].filter(
  (name) =>
    'vmemmap_free' in findRelease(name)!.functions('arm64') &&
    '__remove_pgd_mapping' in findRelease(name)!.functions('arm64'),
);

test('any sequence of mappings ends the same by batch forms and access by access: entries, pages, counters, what TLBs may hold', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...TEARING_DOWN),
      fc.constantFrom(...GEOMETRIES),
      fc.constantFrom('full' as const, 'off' as const),
      fc.array(operation, { minLength: 1, maxLength: 8 }),
      (release, [page, va_bits], rodata, operations) => {
        fc.pre(canBeBuilt(release, page, va_bits));
        const [exact, batch] = [true, false].map((explored) =>
          outcome(booted(release, arm64(page, va_bits, rodata), { explored }), operations),
        );
        expect(batch).toEqual(exact);
      },
    ),
    { seed: 1, numRuns: 60 },
  );
}, 60_000);

test.each([
  ['x86_64', 'v5.2', X86],
  ['x86_64', 'v7.2', X86],
  ['arm64', 'v5.10', ARM64],
  ['arm64', 'v7.2', ARM64],
] as const)(
  '%s, %s: the memmap of many sections, with and without memory for all of it',
  (_arch, release, machine) => {
    const of = (explored: boolean, sections: number): unknown => {
      const session = booted(release, machine, { explored });
      const { c } = session.kernel;
      const start = vmemmap_of(c, (64 * G) / c.PAGE_SIZE);
      const end = start + sections * c.PAGES_PER_SECTION * 64;
      const { ended, value, events } = run(session, session.kernel.vmemmap_populate(start, end, 0, null));
      const { state } = session;
      const pages = [...state.pages.in(0, Number.MAX_SAFE_INTEGER)];
      return [ended, value, events, encodeMmu(state.mmu!), pages, state.vars.get(0)!.nr_vmemmap_pages];
    };
    for (const sections of [1, 3, 600, 3000]) expect(of(false, sections)).toEqual(of(true, sections));
  },
);
