import { expect, test } from 'vitest';
import { boot } from '../../boot/boot.ts';
import { PageReserved } from '../../kernel/mm/page.ts';
import { findRelease } from '../../releases/index.ts';
import type { Steps } from '../../steps/step.ts';
import { Session } from '../running/session.ts';
import { claims, OWN, powerpcVmemmapFree } from './claims.ts';
import { layOut, machine, type PageKind } from './kinds.ts';

/** Users of PageReserved() that the RFC of October 2019 leaves alone: is its reason true? */

function laidOut(release: string) {
  const session = new Session(boot(machine(false), findRelease(release)!));
  const places = layOut(session);
  const pfn = (kind: PageKind): number => places[kind]!.pfn;
  return { session, pfn, reserved: (kind: PageKind) => PageReserved(session.state.pages.get(pfn(kind))) };
}

const before = laidOut('pg-reserved-base');
const after = laidOut('pg-reserved');
const tainted = laidOut('pg-reserved-taint');

function* asNumber(thread: Steps<boolean>): Steps<number> {
  return (yield* thread) ? 1 : 0;
}

const reached = (
  { session, pfn }: typeof before,
  claim: (typeof claims)[number],
  kind: PageKind,
): boolean => {
  if (!('reaches' in claim)) throw new Error(claim.user);
  return session.call(asNumber(claim.reaches(session.kernel, pfn(kind)))).ret === 1;
};

const guarded = claims.filter((claim) => 'reaches' in claim);
const own = claims.flatMap((claim) => ('looks_at' in claim ? [claim] : []));

test.each(guarded.map((c) => [c.user, c] as const))('%s looks at RAM, not at device memory', (_, claim) => {
  for (const machine of [before, after, tainted]) {
    const ram: PageKind[] = ['A', 'B', 'D'];
    expect(ram.filter((kind) => reached(machine, claim, kind))).toEqual(claim.reads ?? OWN);
    expect([reached(machine, claim, 'E'), reached(machine, claim, 'F')]).toEqual([false, false]);
  }
});

test('device memory in an online section passes pfn_to_online_page(): memory_failure() takes it for RAM', () => {
  const wrong = (machine: typeof before): string[] =>
    guarded.filter((claim) => reached(machine, claim, 'X')).map(({ user }) => user);
  const taken = ['mm/memory-failure.c:hwpoison_user_mappings()', 'fs/proc/page.c:stable_page_flags()'];
  expect(wrong(before)).toEqual(taken);
  expect(wrong(after)).toEqual(taken);
  expect(wrong(tainted)).toEqual([]);
});

test.each(own.map((c) => [c.user, c] as const))('%s looks at pages whose bit is what it was', (_, claim) => {
  for (const kind of claim.looks_at) expect(after.reserved(kind)).toBe(before.reserved(kind));
  for (const kind of claim.looks_at) expect(after.reserved(kind)).toBe(kind === 'B');
});

test('has_unmovable_pages(): isolation never gets as far as device memory', () => {
  for (const { session } of [before, after]) {
    const offline = (block: number) =>
      session.write(`/sys/devices/system/memory/memory${block}/state`, 'offline').errno;
    // no block of its own; in a block of boot RAM the zones differ, or the holes count
    expect(offline(64)).toBe('ENOENT');
    expect(offline(8)).toBe('EINVAL');
  }
});

test('has_unmovable_pages(): boot RAM that memblock keeps stays unmovable', () => {
  for (const { session } of [before, after]) {
    // reserved pages at 64M lie in memory0
    expect(session.write('/sys/devices/system/memory/memory0/state', 'offline').errno).toBe('EINVAL');
    const zone = 1;
    expect(session.call(session.kernel.start_isolate_page_range(zone, 16384, 32768)).errno).toBe('EBUSY');
  }
});

test('stable_page_flags(): the bit is copied where /proc/kpageflags shows a page at all', () => {
  const kinds: PageKind[] = ['A', 'B', 'C', 'D', 'E', 'F', 'X', 'Z'];
  expect(kinds.filter((kind) => before.reserved(kind) !== after.reserved(kind))).toEqual(['E', 'F', 'X']);
  const shown = ({ session, pfn }: typeof before) =>
    kinds.map((kind) => session.call(session.kernel.$kpageflags_word(pfn(kind))).ret!);
  const [RESERVED, NOPAGE, BUDDY, ZERO] = [2 ** 32, 2 ** 20, 2 ** 10, 2 ** 24];
  expect(shown(before)).toEqual([BUDDY, RESERVED, NOPAGE, BUDDY, NOPAGE, NOPAGE, RESERVED, RESERVED + ZERO]);
  expect(shown(after)).toEqual([BUDDY, RESERVED, NOPAGE, BUDDY, NOPAGE, NOPAGE, 0, RESERVED + ZERO]);
  // v5.3 asks pfn_valid() alone
  const [, , C, , ...device] = shown(laidOut('v5.3'));
  expect([C, ...device]).toEqual([0, RESERVED, RESERVED, RESERVED, RESERVED + ZERO]);
});

test('queue_pages_pte_range() and the others: without pmd_devmap() they would read device memory', () => {
  for (const { session, pfn } of [before, after]) {
    const { kernel } = session;
    const entry = { pfn: pfn('E'), special: false, devmap: false };
    const vma = { pfnmap: false };
    expect(session.call(kernel.vm_normal_page_pmd(vma, 0, { ...entry, devmap: true })).ret).toBe(-1);
    expect(session.call(kernel.vm_normal_page_pmd(vma, 0, entry)).ret).toBe(pfn('E'));
    expect(session.call(kernel.vm_normal_page(vma, 0, { ...entry, special: true, devmap: true })).ret).toBe(
      -1,
    );
  }
});

test('vmemmap_free() of powerpc: an altmap that is not passed sends device memory to the page allocator', () => {
  const freed = ({ session, pfn }: typeof before, kind: PageKind, inAltmap: boolean) => {
    const ways = ['vmem_altmap_free', 'free_reserved_page', 'free_pages'] as const;
    function* way(): Steps<number> {
      return ways.indexOf(yield* powerpcVmemmapFree(session.kernel, pfn(kind), inAltmap));
    }
    return ways[session.call(way()).ret!];
  };
  for (const machine of [before, after]) {
    expect(freed(machine, 'E', true)).toBe('vmem_altmap_free');
    expect(freed(machine, 'B', false)).toBe('free_reserved_page');
    expect(freed(machine, 'D', false)).toBe('free_pages');
  }
  // memunmap_pages() of private memory passes no altmap
  expect(freed(before, 'E', false)).toBe('free_reserved_page');
  expect(freed(after, 'E', false)).toBe('free_pages');
});
