import { expect, test } from 'vitest';
import { ARM64, booted, run, withOptions } from '../../../../test/kit.ts';
import { access } from '../../../hardware/memory/access.ts';
import { held } from '../../../hardware/tlb/reach.ts';
import { leaves } from '../../../hardware/walks/walk.ts';
import { stray } from '../../../monitors/mmu/ways.ts';
import type { Session } from '../../../scenarios/running/session.ts';
import { VM } from '../../state.ts';
import { page_use, USE } from '../page.ts';

const SHAPES = [
  { page_size: '4K', va_bits: 39, tables: { PMD: 1, PTE: 1 } },
  { page_size: '4K', va_bits: 48, tables: { PUD: 1, PMD: 1, PTE: 1 } },
  { page_size: '16K', va_bits: 36, tables: { PTE: 1 } },
  { page_size: '16K', va_bits: 47, tables: { PMD: 1, PTE: 1 } },
  // PUD: the one of vmemmap (src/geometry/layouts.test.ts)
  { page_size: '16K', va_bits: 48, tables: { PMD: 1, PTE: 1 } },
  { page_size: '64K', va_bits: 42, tables: { PTE: 1 } },
  { page_size: '64K', va_bits: 48, tables: { PMD: 1, PTE: 1 } },
] as const;

const machine = ({ page_size, va_bits }: { page_size: string; va_bits: number }) => ({
  ...ARM64,
  page_size,
  va_bits,
});

const used = (session: Session, use: number): number =>
  session.state.pages.total(0, Number.MAX_SAFE_INTEGER, (page) => page_use(page) === use);

const vmalloc = (session: Session, pages: number): number =>
  run(session, session.kernel.vmalloc(pages * session.kernel.c.PAGE_SIZE)).value!;

const mapped = (session: Session, va: number, size: number): number =>
  [...leaves(session.state.mmu!, va, va + size)].reduce((sum, leaf) => sum + leaf.end - leaf.start, 0);

test.each(SHAPES)('pages go and come, tables stay: $page_size $va_bits', (shape) => {
  const session = booted('v5.2', machine(shape));
  const { state, kernel } = session;
  const { PAGE_SIZE, layout } = kernel.c;
  const before = { free: used(session, USE.FREE), words: state.mmu!.words.canonical() };
  for (let round = 0; round < 3; round++) {
    const a = vmalloc(session, 5);
    const b = vmalloc(session, 3);
    expect([a, b]).toEqual([layout.VMALLOC_START, layout.VMALLOC_START + 6 * PAGE_SIZE]);
    // the guard pages are not mapped
    expect(mapped(session, a, 10 * PAGE_SIZE)).toBe(8 * PAGE_SIZE);
    expect(used(session, USE.UNMOVABLE)).toBe(8);
    for (const addr of [a, b]) expect(run(session, kernel.vfree(addr))).toMatchObject({ events: [] });
    expect(state.vmap_lazy_nr).toBe(10);
    expect(run(session, kernel.vm_unmap_aliases())).toMatchObject({ ended: 'returned', events: [] });
    expect(state).toMatchObject({ vmap_areas: [], vmap_purge_list: [], vmap_lazy_nr: 0 });
    expect(state.table_pages).toEqual({ allocated: shape.tables, freed: {} });
  }
  const tables = Object.values(shape.tables).reduce((sum, n) => sum + n, 0);
  expect(used(session, USE.FREE)).toBe(before.free - tables);
  expect(used(session, USE.TABLE)).toBe(tables);
  expect(state.mmu!.violations).toEqual([]);
});

test.each(SHAPES)(
  'what is unmapped may be held until the purge, and not longer: $page_size $va_bits',
  (shape) => {
    const session = booted('v5.2', machine(shape));
    const { state, kernel } = session;
    const { PAGE_SIZE } = kernel.c;
    const va = vmalloc(session, 2);
    state.mmu!.cpu = 1;
    const pa = (access(state.mmu!, va, false)[0] as { pa: number }).pa;
    state.mmu!.cpu = 0;
    run(session, kernel.vfree(va));
    const alias = { level: 'PTE', va, pa, size: 2 * PAGE_SIZE, held_by: [0, 1] };
    expect(held(state.mmu!, va, 2 * PAGE_SIZE)).toMatchObject([{ ...alias, as: 'leaf' }]);
    // vmalloc's lazy window: the pages are free, the address is not reused
    expect(stray(state, kernel.c)).toMatchObject([{ ...alias, in_memory: false }]);
    expect(vmalloc(session, 1)).toBe(va + 3 * PAGE_SIZE);
    run(session, kernel.vm_unmap_aliases());
    expect(held(state.mmu!, va, 2 * PAGE_SIZE)).toEqual([]);
    expect(stray(state, kernel.c)).toEqual([]);
    expect(vmalloc(session, 1)).toBe(va);
  },
);

/** What warn_alloc() adds. */
const MODE = 'mode:0xcc0(GFP_KERNEL), nodemask=(null),cpuset=/,mems_allowed=0';

test('debug_pagealloc flushes at once', () => {
  const session = booted('v5.2', withOptions(ARM64, 'debug_pagealloc=on'));
  const va = vmalloc(session, 2);
  run(session, session.kernel.vfree(va));
  expect(held(session.state.mmu!, va, 2 * session.kernel.c.PAGE_SIZE)).toEqual([]);
  expect(session.state.vmap_lazy_nr).toBe(3);
});

test('the last straw purges: 32M for two CPUs, twice', () => {
  const session = booted('v5.2', ARM64);
  const { state, kernel } = session;
  expect(run(session, kernel.lazy_max_pages()).value).toBe(2 * 8192);
  const big = vmalloc(session, 2 * 8192 - 1);
  const straw = vmalloc(session, 1);
  run(session, kernel.vfree(big));
  expect(state.vmap_lazy_nr).toBe(2 * 8192);
  run(session, kernel.vfree(straw));
  expect(state).toMatchObject({ vmap_areas: [], vmap_lazy_nr: 0 });
});

test('an address space that is full of lazy areas is purged by the next who asks', () => {
  const session = booted('v5.2', { ...ARM64, page_size: '16K', va_bits: 36 });
  const { state, kernel } = session;
  const { VMALLOC_START, VMALLOC_END } = kernel.c.layout;
  const va = vmalloc(session, 1);
  run(session, kernel.vfree(va));
  const all = VMALLOC_END - VMALLOC_START - kernel.c.PAGE_SIZE;
  expect(run(session, kernel.__get_vm_area_node(all, 1, VM.MAP, VMALLOC_START, VMALLOC_END)).value).toBe(va);
  expect(state.vmap_purge_list).toEqual([]);
  const { value, events } = run(session, kernel.vmalloc(kernel.c.PAGE_SIZE));
  expect(value).toBe(0);
  expect(events).toMatchObject([
    { text: 'vmap allocation for size 32768 failed: use vmalloc=<size> to increase size' },
    { text: `vmalloc: allocation failure: 16384 bytes, ${MODE}` },
  ]);
});

test.each(['vmalloc', 'pgtable'])('a failed allocation (%s) leaves nothing behind but tables', (site) => {
  const session = booted('v5.2', ARM64);
  const { state, kernel } = session;
  const free = used(session, USE.FREE);
  state.vars.get(0)!.fail_alloc = { [site]: 1 };
  const { value, events } = run(session, kernel.vmalloc(8 * kernel.c.PAGE_SIZE));
  expect(value).toBe(0);
  const got = site === 'vmalloc' ? 0 : 8 * kernel.c.PAGE_SIZE;
  expect(events).toMatchObject([
    { text: `vmalloc: allocation failure, allocated ${got} of ${9 * kernel.c.PAGE_SIZE} bytes, ${MODE}` },
  ]);
  expect(used(session, USE.FREE)).toBe(free);
  run(session, kernel.vm_unmap_aliases());
  expect(state.vmap_areas).toEqual([]);
});

test('an entry that is not empty is a warning, and -EBUSY becomes -ENOMEM on the way up', () => {
  const session = booted('v5.2', ARM64);
  const { kernel } = session;
  const { PAGE_SIZE, pgprot } = kernel.c;
  const va = vmalloc(session, 1);
  const again = run(session, kernel.vmap_page_range(va, va + PAGE_SIZE, pgprot.PAGE_KERNEL, [0x40001]));
  expect(again).toMatchObject({ value: -12, events: [{ kind: 'warn', where: 'vmap_pte_range' }] });
});

test('vmap() maps what it is given and does not free it', () => {
  const session = booted('v5.2', ARM64);
  const { state, kernel } = session;
  const { PAGE_SIZE, pgprot } = kernel.c;
  const pages = [0x48000, 0x48001, 0x47000];
  const va = run(session, kernel.vmap(pages, pgprot.PAGE_KERNEL)).value!;
  const found = [...leaves(state.mmu!, va, va + 4 * PAGE_SIZE)];
  expect(found.map(({ start, n, addr }) => [(start - va) / PAGE_SIZE, n, addr])).toEqual([
    [0, 2, 0x48000000],
    [2, 1, 0x47000000],
  ]);
  const free = used(session, USE.FREE);
  run(session, kernel.vunmap(va));
  expect(used(session, USE.FREE)).toBe(free);
  expect(run(session, kernel.vfree(va))).toMatchObject({ events: [{ kind: 'warn', where: '__vunmap' }] });
});

test('what the entry says twice is read twice (B15): both reads are steps', () => {
  const session = booted('v5.2', { ...ARM64, page_size: '16K', va_bits: 36 });
  vmalloc(session, 1);
  const { kernel } = session;
  const { VMALLOC_START } = kernel.c.layout;
  const thread = kernel.pte_alloc_kernel(kernel.c.swapper_pg_dir, VMALLOC_START);
  const ops: string[] = [];
  for (let next = thread.next(); !next.done; next = thread.next({ addr: 0x40004000, attr: 3 }))
    ops.push(next.value.op);
  expect(ops).toEqual(['call', 'call']);
});

/** B23: v5.2 waits until walkers see its write, but not until its instructions are fetched after that. */
test.each([
  ['v5.2', 'bug'],
  ['v5.3', 'returned'],
  ['v5.4', 'returned'],
  ['v7.2', 'returned'],
])('%s uses what it has just mapped: %s', (release, ended) => {
  const session = booted(release, ARM64);
  const { kernel } = session;
  const thread = function* () {
    const va = yield* kernel.vmalloc(kernel.c.PAGE_SIZE);
    yield* kernel.$touch_kernel(va, true, 'caller');
  };
  const outcome = run(session, thread());
  expect(outcome.ended).toBe(ended);
  if (ended === 'bug') {
    expect(outcome.events.at(-1)).toMatchObject({ text: 'Oops: paging request at ffff000010000000' });
  }
});

test('an address that nothing maps any more is an oops once it is purged', () => {
  const session = booted('v5.4', ARM64);
  const { kernel } = session;
  const va = vmalloc(session, 1);
  run(session, kernel.vfree(va));
  run(session, kernel.vm_unmap_aliases());
  expect(run(session, kernel.$touch_kernel(va, false, 'caller'))).toMatchObject({ ended: 'bug' });
});
