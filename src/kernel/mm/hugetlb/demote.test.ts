import { expect, test } from 'vitest';
import { ARM64, booted, cat, G, last, M, must, withOptions, X86 } from '../../../../test/kit.ts';
import { violations } from '../../../monitors/hotplug/index.ts';

const dir = (size: number, node?: number): string =>
  `/sys/${node === undefined ? 'kernel/mm' : `devices/system/node/node${node}`}/hugepages/hugepages-${size / 1024}kB`;
const MACHINE = {
  ...withOptions(X86, 'hugepagesz=1G hugepages=4'),
  ram: [
    { start: 0, size: '2G' },
    { start: '4G', size: '4G' },
    { start: '8G', size: '4G', node: 1 },
  ],
};
const up = (release: string) => booted(release, MACHINE);
const nr = (session: ReturnType<typeof up>, size: number) =>
  [0, 1].map((node) => Number(cat(session, `${dir(size, node)}/nr_hugepages`)));
const write = (path: string, value: string, expect = 'success') => ({ write: { path, value, expect } });

test.each([
  ['v6.1', [1, 1], [512, 512]],
  ['v6.12', [0, 2], [1024, 0]],
  ['v7.2', [0, 2], [1024, 0]],
])(
  '%s: free pages of 1G become pages of 2M: node by node in turn, or first those of one node',
  (release, large, small) => {
    const session = up(release);
    expect(nr(session, G)).toEqual([2, 2]);
    expect(cat(session, `${dir(G)}/demote_size`)).toBe('2048kB\n');
    must(session, write(`${dir(G)}/demote`, '2'));
    expect([nr(session, G), nr(session, 2 * M)]).toEqual([large, small]);
    expect(violations(session.state, session.kernel.c)).toEqual([]);
    must(session, write(`${dir(G, 1)}/demote`, '9'));
    expect(nr(session, G)).toEqual([large[0], 0]);
    expect(cat(session, `${dir(2 * M, 1)}/free_hugepages`)).toBe(`${small[1]! + large[1]! * 512}\n`);
    must(session, write(`${dir(2 * M)}/nr_hugepages`, '0'));
    expect(nr(session, 2 * M)).toEqual([0, 0]);
  },
);

test('what is no number, and a size that is none, is refused', () => {
  const session = up('v6.1');
  const refused = (path: string, value: string) => last(session, write(path, value, 'EINVAL')).failures;
  for (const value of ['1.5', '', '-1', '1G']) expect(refused(`${dir(G)}/demote`, value)).toEqual([]);
  for (const value of ['1G', '3M', '64K']) expect(refused(`${dir(G)}/demote_size`, value)).toEqual([]);
  must(session, write(`${dir(G)}/demote_size`, '2M'));
  expect(cat(session, `${dir(2 * M)}/demote_size`)).toBe(null);
});

test('arm64 has more sizes; before v5.16 there was no such file', () => {
  const session = booted('v7.2', ARM64);
  const size = (bytes: number) => cat(session, `${dir(bytes)}/demote_size`)?.trim();
  expect([size(G), size(32 * M), size(2 * M)]).toEqual(['32768kB', '2048kB', '64kB']);
  expect(cat(booted('v5.10', MACHINE), `${dir(G)}/demote_size`)).toBe(null);
});
