import { expect, test } from 'vitest';
import { booted, G, M, play } from '../../../../test/kit.ts';
import { PageHuge } from '../../../kernel/mm/page.ts';

test('no program has pages of a hole in an online block', () => {
  const s = booted('v5.2', { arch: 'arm64', page_size: 64 * 1024, ram: [{ start: G, size: 1280 * M }] });
  const use = { start: 2 * G, size: G, as: 'hugepage' };
  expect(() => play(s, { use })).toThrow('use: the page at 0x90000000 is not managed');
});

test('no program has the pages of a page_ext table', () => {
  const s = booted('v5.3', {
    arch: 'arm64',
    page_size: 16 * 1024,
    ram: [{ start: G, size: 2 * G }],
    boot_options: 'page_owner=on',
  });
  play(s, { add: { start: '8G', size: '1G' } }, { online: { blocks: 'memory8' } });
  const [table] = [...s.state.page_ext.values()];
  const start = table!.pfn * s.kernel.c.PAGE_SIZE;
  expect(() => play(s, { use: { start, size: '16K', as: 'movable' } })).toThrow(
    `use: the page at 0x${start.toString(16)} holds the page_ext of a section`,
  );
});

test('reserved pages are no part of a huge page, and whole huge pages leave their pool', () => {
  const s = booted('v7.2', { arch: 'x86_64', ram: [{ start: 0, size: G }] });
  play(s, { hugepages: { size: '2M', count: 8 } });
  const pool = s.state.hstate.get(9)!;
  const at = s.state.pages.first(0, G / 4096, (page) => PageHuge(page)) * 4096;
  const reserve = (size: string) => () => play(s, { use: { start: at, size, as: 'reserved' } });
  expect(reserve('1M')).toThrow('use: the range holds part of a huge page');
  expect(pool.nr_huge_pages).toBe(8);
  reserve('2M')();
  expect(pool.nr_huge_pages).toBe(7);
});

test('a range that huge pages of another size leave no whole page of cannot become huge', () => {
  const s = booted('v6.8', {
    arch: 'arm64',
    page_size: 64 * 1024,
    ram: [{ start: G, size: 2 * G }],
    nodes: [{ node: 0, cpus: '0' }, { node: 1 }],
  });
  play(s, { add: { start: '8G', size: '512M', node: 1 } }, { online: { blocks: 'memory16' } });
  play(s, { hugepages: { size: '2M', count: 1, node: 1 } });
  const become = (as: string) => () => play(s, { use: { start: '8G', size: '512M', as } });
  expect(become('hugepage_free')).toThrow('use: the range holds part of a huge page');
  expect(s.state.hstate.get(13)!.nr_huge_pages).toBe(0);
});
