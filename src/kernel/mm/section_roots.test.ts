import { expect, test } from 'vitest';
import { ARM64, booted, last, must, play, X86 } from '../../../test/kit.ts';

const roots = (session: ReturnType<typeof booted>) => [...session.state.mem_section_root];

test.each(['v5.2', 'v5.3', 'v6.1', 'v7.2'])('%s: a root of sections cannot be allocated', (release) => {
  const session = booted(release, X86);
  const add = { add: { start: '64G', size: '128M', node: 1 } };
  // sections 0 to 255: those of boot and of the first 32G
  must(session, { add: { start: '5G', size: '128M', node: 1 } });
  expect(roots(session)).toEqual([[0, { nid: 0 }]]);
  const failed = last(session, { fail: { site: 'mem_section_root' } }, add);
  expect(failed.result).toBe('ENOMEM');
  expect(session.state.mem_section.has(512)).toBe(false);
  play(session, add, { remove: { start: '64G', size: '128M' } });
  expect(session.state.memory_block.has(512)).toBe(false);
  // it is never freed
  expect(roots(session)).toEqual([
    [0, { nid: 0 }],
    [2, { nid: 1 }],
  ]);
});

test('a section whose root is there needs no allocation', () => {
  const session = booted('v6.1', X86);
  const steps = [{ fail: { site: 'mem_section_root' } }, { add: { start: '5G', size: '128M' } }];
  expect(last(session, ...steps).result).toBe('success');
});

test('sections of a root: a page of them', () => {
  expect(booted('v6.1', X86).kernel.c.SECTIONS_PER_ROOT).toBe(256);
  const pages = (page_size: string) => booted('v6.1', { ...ARM64, page_size }).kernel.c.SECTIONS_PER_ROOT;
  expect(['4K', '16K', '64K'].map(pages)).toEqual([256, 1024, 4096]);
});
