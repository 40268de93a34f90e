import { expect, test } from 'vitest';
import { findRelease } from '../../releases/index.ts';
import { archUsers, READ_IN, zoneDevice } from './architectures.ts';
import { unchangedUsers } from './users.ts';

const of = (series: string) => unchangedUsers(findRelease('pg-reserved-base')!, findRelease(series)!);

test('the series changes a bit that they read in a section of RAM alone, and the taint of v5.12 mends that', () => {
  const wrong = (series: string) => of(series).filter(({ changed }) => changed.length > 0);
  expect(wrong('pg-reserved').map(({ user, changed }) => [user, changed])).toEqual([
    ['mm/memory-failure.c:hwpoison_user_mappings()', ['X']],
    ['fs/proc/page.c:stable_page_flags()', ['X']],
  ]);
  expect(wrong('pg-reserved-taint')).toEqual([]);
});

test('a huge page is RAM: memory_failure_hugetlb() leads none of the kinds to hwpoison_user_mappings()', () => {
  const user = of('pg-reserved').find((u) => u.user.includes('memory_failure_hugetlb'));
  expect(user).toMatchObject({ reads: [], changed: [] });
});

test('architectures: users of those that cannot have ZONE_DEVICE when the series is posted', () => {
  for (const [, arch] of archUsers) expect(zoneDevice[arch]![0]).not.toBe('yes');
  const withIt = (i: number) =>
    Object.entries(zoneDevice).flatMap(([arch, missing]) => (missing[i] === 'yes' ? [arch] : []));
  expect(READ_IN.map((_, i) => withIt(i))).toEqual([
    ['powerpc (Book3S 64)', 'x86 (64-bit)'],
    ['arm64', 'powerpc (Book3S 64)', 'x86 (64-bit)'],
    ['arm64', 'powerpc (Book3S 64)', 'x86 (64-bit)'],
    ['arm64', 'loongarch', 'powerpc (Book3S 64)', 'riscv', 'x86 (64-bit)'],
    ['arm64', 'loongarch', 'powerpc (Book3S 64)', 'riscv', 's390', 'x86 (64-bit)'],
  ]);
});
