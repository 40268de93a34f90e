import { describe, expect, test } from 'vitest';
import { ARM64, booted, G, last, M, must, play, run, X86 } from '../../../test/kit.ts';
import type { Session } from '../../scenarios/running/session.ts';
import type { Config } from '../config.ts';
import {
  SECTION_HAS_MEM_MAP,
  SECTION_IS_EARLY,
  SECTION_IS_ONLINE,
  SECTION_MARKED_PRESENT,
} from '../state.ts';
import { subsection_mask, subsection_set, subsections_per_section } from './sparse.ts';

const PRESENT = SECTION_MARKED_PRESENT | SECTION_HAS_MEM_MAP;

const bits = (c: Config, phys: number, size: number): number[] => {
  const map = subsection_mask(c, phys / c.PAGE_SIZE, size / c.PAGE_SIZE);
  const start = Math.floor(phys / c.SECTION_SIZE) * c.PAGES_PER_SECTION;
  const all = Array.from({ length: subsections_per_section(c) }, (_, i) => i);
  return all.filter((i) => subsection_set(c, map, start + i * c.PAGES_PER_SUBSECTION));
};
const span = (first: number, end: number): number[] =>
  Array.from({ length: end - first + 1 }, (_, i) => first + i);

describe('sub-sections', () => {
  const x86 = booted('v6.1', X86).kernel.c;
  const arm_1g = booted('v5.10', ARM64).kernel.c;
  const arm_64k = booted('v6.1', { ...ARM64, page_size: '64K' }).kernel.c;

  test.each([
    ['x86, 0x10000000 + 2M', x86, 0x10000000, 2 * M, 2, [0]],
    ['arm64 with sections of 1G, a whole one', arm_1g, 0x680000000, G, 26, span(0, 511)],
    ['arm64 with sections of 1G, 6M of one', arm_1g, 0x680200000, 6 * M, 26, [1, 2, 3]],
    ['arm64 with pages of 64K', arm_64k, 0x20200000, 2 * M, 1, [1]],
    ['the last of an x86 section', x86, 0x18000000 - 2 * M, 2 * M, 2, [63]],
    ['bit 31 and 32', x86, 0x10000000 + 62 * M, 4 * M, 2, [31, 32]],
    ['a page of each of two', x86, 0x10000000 + 2 * M - 4096, 8192, 2, [0, 1]],
    ['nothing', x86, 0x10000000, 0, 2, []],
  ])('%s', (_, c, phys, size, section, expected) => {
    expect(Math.floor(phys / c.SECTION_SIZE)).toBe(section);
    expect(bits(c, phys, size)).toEqual(expected);
  });

  test.each([
    [x86, 64],
    [arm_1g, 512],
    [arm_64k, 256],
    [booted('v6.1', ARM64).kernel.c, 64],
    [booted('v6.1', { ...ARM64, page_size: '16K' }).kernel.c, 64],
  ])('SUBSECTIONS_PER_SECTION, case %#', (c, n) => expect(subsections_per_section(c)).toBe(n));
});

describe('sections of sub-sections (v5.3+)', () => {
  const K40 = 5 * G;
  const part = (session: Session, at: number, n: number) =>
    run(session, session.kernel.sparse_add_section(1, at / 4096, (n * 2 * M) / 4096, null)).value;
  const section = (session: Session) => session.state.mem_section.get(40)!;

  test('fill up bit by bit; overlap is -EEXIST, nothing -EINVAL', () => {
    const session = booted('v6.1', X86);
    expect(part(session, K40 + 2 * M, 3)).toBe(0);
    expect(section(session)).toEqual({ section_mem_map: PRESENT, subsection_map: [0b1110, 0], nid: 1 });
    expect(part(session, K40 + 6 * M, 2)).toBe(-17);
    expect(part(session, K40, 0)).toBe(-22);
    expect(part(session, K40 + 62 * M, 33)).toBe(0);
    expect(section(session).subsection_map).toEqual([(0x8000000e | 0) >> 0, -1]);
  });

  test('empty one after the other; the last takes the section', () => {
    const session = booted('v6.1', X86);
    part(session, K40, 1);
    part(session, K40 + 8 * M, 1);
    const remove = (at: number) =>
      run(session, session.kernel.sparse_remove_section(at / 4096, 512, null)).events;
    expect(remove(K40)).toEqual([]);
    expect(section(session)).toEqual({ section_mem_map: PRESENT, subsection_map: [0b10000, 0], nid: 1 });
    expect(session.state.pages.get(K40 / 4096)).toBe(0);
    expect(session.state.pages.get((K40 + 8 * M) / 4096)).not.toBe(0);
    expect(remove(K40)).toEqual([
      {
        kind: 'warn',
        where: 'section_deactivate',
        text: 'section already deactivated (0x140000 + 512)',
        about: { message: 'section already deactivated', pfn: 0x140000, nr_pages: 512 },
      },
    ]);
    expect(remove(K40 + 8 * M)).toEqual([]);
    expect(section(session)).toEqual({ section_mem_map: 0, subsection_map: null, nid: 1 });
    expect(session.state.pages.get((K40 + 8 * M) / 4096)).toBe(0);
    expect(session.state.vars.get(0)!.nr_vmemmap_pages).toBe(0);
  });

  test.each([
    ['usage', 'mem_section_usage'],
    ['memmap', 'vmemmap_populate'],
  ])('without memory for its %s: -ENOMEM and nothing left', (_, site) => {
    const session = booted('v6.1', X86);
    session.state.vars.get(0)!.fail_alloc = { [site]: 1 };
    expect(part(session, K40, 1)).toBe(-12);
    expect(section(session)).toMatchObject({ section_mem_map: 0, subsection_map: null });
    expect(session.state.vars.get(0)!.nr_vmemmap_pages).toBe(0);
  });

  test('sub-sections are what __add_pages takes from v5.3 on; less is a WARN and -EINVAL', () => {
    const session = booted('v6.1', X86);
    const outcome = run(
      session,
      session.kernel.__add_pages(1, K40 / 4096 + 1, 512, { altmap: null, pgmap: 0, pgprot: 0 }),
    );
    expect(outcome.value).toBe(-22);
    expect(outcome.events).toMatchObject([{ kind: 'warn', where: '__add_pages' }]);
  });

  test.each([
    ['v5.3', 'Misaligned __add_pages start: 0x140001 end: #140200'],
    ['v5.10', 'Misaligned __add_pages start: 0x140001 end: #140200'],
    ['v6.1', 'Misaligned __add_pages start: 0x140001 end: #140200'],
  ])('the words of that WARN on %s', (release, text) => {
    const session = booted(release, X86);
    const [event] = run(
      session,
      session.kernel.__add_pages(1, K40 / 4096 + 1, 512, { altmap: null, pgmap: 0, pgprot: 0 }),
    ).events;
    const about = { message: 'Misaligned __add_pages', pfn: 0x140001, nr_pages: 512 };
    expect(event).toEqual({ kind: 'warn', where: '__add_pages', text, about });
  });
});

describe('flags of a section through the life of a block', () => {
  test('boot, hot-added, online, offline, gone', () => {
    const session = booted('v6.1', X86);
    const map = (nr: number) => session.state.mem_section.get(nr)?.section_mem_map;
    expect(map(0)).toBe(PRESENT | SECTION_IS_ONLINE | SECTION_IS_EARLY);
    expect(map(40)).toBe(undefined);
    must(session, { add: { start: '5G', size: '128M', node: 1 } });
    expect(map(40)).toBe(PRESENT);
    must(session, { online: 40 });
    expect(map(40)).toBe(PRESENT | SECTION_IS_ONLINE);
    must(session, { offline: 40 });
    expect(map(40)).toBe(PRESENT);
    must(session, { remove: { start: '5G', size: '128M' } });
    expect(map(40)).toBe(0);
  });

  test('v5.2: a section that is there already is success, and has lost its memmap (B62)', () => {
    const session = booted('v5.2', X86);
    must(
      session,
      { add: { start: '5G', size: '128M', node: 1 } },
      { lose_resource: { start: '5G', size: '128M' } },
    );
    expect(last(session, { add: { start: '5G', size: '128M', node: 1, expect: 'any' } }).result).not.toBe(
      'EEXIST',
    );
  });

  test('v5.3 to v7.2: it is -EEXIST, and the entry of the range in /proc/iomem goes again', () => {
    for (const release of ['v5.3', 'v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2']) {
      const session = booted(release, ARM64);
      const block = session.kernel.c.memory_block_size_bytes;
      must(
        session,
        { add: { start: '8G', size: block, node: 0 } },
        { lose_resource: { start: '8G', size: block } },
      );
      const [outcome] = play(session, { add: { start: '8G', size: block, node: 0, expect: 'any' } });
      expect([release, outcome!.result]).toEqual([release, 'EEXIST']);
    }
  });
});
