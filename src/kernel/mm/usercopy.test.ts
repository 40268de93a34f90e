import { describe, expect, test } from 'vitest';
import { boot } from '../../boot/boot.ts';
import type { Machine } from '../../machines/machine.ts';
import { findRelease } from '../../releases/index.ts';
import { reserveBootmem } from '../../scenarios/reserved/reserve-bootmem.ts';
import { usePages } from '../../scenarios/running/page-use.ts';
import { Session } from '../../scenarios/running/session.ts';
import type { Steps } from '../../steps/step.ts';
import { MIGRATE, PG_reserved, USE, with_migratetype } from './page.ts';

/**
 * check_page_span() of mm/usercopy.c, v5.2: objects that cross into a second page, by their kind and that of the page.
 */

const M = 2 ** 20;
const PAGE = 4096;

const machine: Machine = {
  source: 'test',
  arch: 'x86_64',
  page_size: PAGE,
  ram: [{ start: 0, size: 2 ** 30, nid: 0 }],
  nodes: [{ nid: 0, online: true, cpus: [0] }],
  iomem: [
    { depth: 0, start: 0, end: 2 ** 30 - 1, name: 'System RAM' },
    { depth: 1, start: 16 * M, end: 20 * M - 1, name: 'Kernel rodata' },
    { depth: 1, start: 20 * M, end: 24 * M - 1, name: 'Kernel data' },
    { depth: 1, start: 24 * M, end: 28 * M - 1, name: 'Kernel bss' },
  ],
  missing: [],
};

const session = new Session(boot(machine, findRelease('v5.2')!));
const { pages } = session.state;
// the image is not PG_reserved here; its sections are allowed by name
pages.update((16 * M) / PAGE, (28 * M) / PAGE, (page) => page & ~PG_reserved);
reserveBootmem(session.state, (64 * M) / PAGE, (66 * M) / PAGE);
usePages(session, (128 * M) / PAGE, (132 * M) / PAGE, USE.HUGE_USED);
pages.update((256 * M) / PAGE, (258 * M) / PAGE, (page) => with_migratetype(page, MIGRATE.CMA));

function* span(phys: number, n: number, to_user: boolean): Steps<number> {
  yield* session.kernel.check_page_span(phys, n, to_user);
  return 0;
}

const check = (phys: number, n = 128, to_user = true): string => {
  const { ret, events } = session.call(span(phys, n, to_user));
  const bug = events.find((event) => event.kind === 'bug');
  return ret === 0 ? 'ok' : `${bug?.text}`;
};
const aborts = (what: string, name: string) =>
  `usercopy: Kernel memory ${what} ${name} (offset 0, size 128)!`;

describe('check_page_span', () => {
  test('within one page nothing is asked', () => {
    expect(check(512 * M)).toBe('ok');
    expect(check(512 * M + PAGE - 128)).toBe('ok');
  });

  test('over two ordinary pages', () => {
    expect(check(512 * M + PAGE - 64)).toBe(aborts('exposure attempt detected from', 'spans multiple pages'));
    expect(check(512 * M + PAGE - 64, 128, false)).toBe(
      aborts('overwrite attempt detected to', 'spans multiple pages'),
    );
  });

  test('within one compound page, and over the end of it', () => {
    expect(check(128 * M + PAGE - 64)).toBe('ok');
    expect(check(130 * M - 64)).toContain('spans multiple pages');
  });

  test('PG_reserved all through, and not to the end', () => {
    expect(check(64 * M + PAGE - 64)).toBe('ok');
    expect(check(66 * M - 64)).toContain('spans Reserved and non-Reserved pages');
  });

  test('CMA all through, and not to the end', () => {
    expect(check(256 * M + PAGE - 64)).toBe('ok');
    expect(check(258 * M - 64)).toContain('spans CMA and non-CMA pages');
  });

  test('the kernel’s own sections: rodata may be read only', () => {
    for (const start of [16, 20, 24]) expect(check(start * M + PAGE - 64)).toBe('ok');
    expect(check(16 * M + PAGE - 64, 128, false)).toContain('rodata');
    expect(check(20 * M + PAGE - 64, 128, false)).toBe('ok');
    expect(check(28 * M - 64)).toContain('spans multiple pages');
  });
});
