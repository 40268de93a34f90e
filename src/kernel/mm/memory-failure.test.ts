import { expect, test } from 'vitest';
import { booted, cat, G, K, M, must, play, X86 } from '../../../test/kit.ts';
import type { Session } from '../../scenarios/running/session.ts';
import { PageHuge } from './page.ts';

const HARD = '/sys/devices/system/memory/hard_offline_page';
const SOFT = '/sys/devices/system/memory/soft_offline_page';
const START = 4 * G;
const FREE = START + 0x2345 * 4096;

/** memory32 and memory33 on node 1, in zone Movable: all free but for 4M of a program and 4M of the kernel. */
function machine(release: string): Session {
  const s = booted(release, { ...X86, ram: [{ start: 0, size: 2 * G }] });
  must(
    s,
    { add: { node: 1, start: START, size: 256 * M } },
    { online_movable: 32 },
    { online: 33 },
    { use: { start: START + 8 * M, size: 4 * M, as: 'movable' } },
    { use: { start: START + 132 * M, size: 4 * M, as: 'unmovable' } },
  );
  return s;
}

const FREED = { use: { start: START + 132 * M, size: 4 * M, as: 'free' } };

const hex = (n: number) => `0x${n.toString(16)}`;
const offline = (s: Session, file: string, address: number) => {
  const [done] = play(s, { write: { path: file, value: hex(address), expect: 'any' } });
  return [done!.result, ...done!.messages];
};
const corrupted = (s: Session) => cat(s, '/proc/meminfo')!.match(/^HardwareCorrupted: .*$/m)![0];
const pfn = (address: number) => hex(address / (4 * K));

test.each([
  ['v5.10', 'Delayed'],
  ['v6.1', 'Recovered'],
  ['v6.12', 'Recovered'],
  ['v7.2', 'Recovered'],
])('%s: a free page', (release, result) => {
  const s = machine(release);
  expect(offline(s, HARD, FREE + 17)).toEqual([
    'success',
    `Memory failure: ${pfn(FREE)}: recovery action for free buddy page: ${result}`,
  ]);
  expect(offline(s, SOFT, FREE + 64 * M)).toEqual(['success']);
  expect(corrupted(s)).toBe('HardwareCorrupted:     8 kB');
});

test('a page that is poisoned already', () => {
  const again = (release: string) => {
    const s = machine(release);
    offline(s, HARD, FREE);
    return [...offline(s, HARD, FREE), ...offline(s, SOFT, FREE), corrupted(s)];
  };
  const already = `Memory failure: ${pfn(FREE)}: already hardware poisoned`;
  const one = 'HardwareCorrupted:     4 kB';
  expect(again('v5.10')).toEqual([
    'success',
    already,
    'success',
    `soft_offline_page: ${pfn(FREE)} page already poisoned`,
    one,
  ]);
  expect(again('v6.1')).toEqual([
    'EHWPOISON',
    already,
    'success',
    `Memory failure: soft_offline_page: ${pfn(FREE)} page already poisoned`,
    one,
  ]);
  expect(again('v6.12')).toEqual([
    'EHWPOISON',
    `Memory failure: ${pfn(FREE)}: recovery action for already poisoned page: Failed`,
    'success',
    `Memory failure: ${pfn(FREE)}: page already poisoned`,
    one,
  ]);
});

test('a page of the kernel cannot be helped, and counts', () => {
  const kernel = START + 133 * M;
  const refused = (release: string) => {
    const s = machine(release);
    return [...offline(s, SOFT, kernel), ...offline(s, HARD, kernel), corrupted(s)];
  };
  const mf = `Memory failure: ${pfn(kernel)}:`;
  const one = 'HardwareCorrupted:     4 kB';
  expect(refused('v5.10')).toEqual([
    'EIO',
    `soft_offline_page: ${pfn(kernel)}: unknown page type: 50000000000000 ()`,
    'EBUSY',
    `${mf} Unknown page state`,
    `${mf} recovery action for unknown page: Failed`,
    one,
  ]);
  const unhandlable = `${mf} unhandlable page.`;
  expect(refused('v6.1')).toEqual([
    'EIO',
    unhandlable,
    'EBUSY',
    unhandlable,
    `${mf} recovery action for unknown page: Ignored`,
    one,
  ]);
  expect(refused('v6.12')).toEqual([
    'EIO',
    unhandlable,
    'EBUSY',
    unhandlable,
    `${mf} recovery action for get hwpoison page: Ignored`,
    one,
  ]);
});

test('the page of a program: it dies of a hard failure, its data migrate for a soft one', () => {
  const s = machine('v6.1');
  const used = START + 9 * M;
  expect(offline(s, HARD, used)).toEqual([
    'success',
    `Memory failure: ${pfn(used)}: recovery action for dirty LRU page: Recovered`,
  ]);
  expect(offline(s, SOFT, used + 4 * K)).toEqual(['success']);
  expect(corrupted(s)).toBe('HardwareCorrupted:     8 kB');
  expect(play(s, { offline: 32 })[0]!.result).toBe('success');
});

test('no memory, memory that is offline, text that is no number', () => {
  const outside = (release: string, address: number) => {
    const s = machine(release);
    must(s, FREED, { offline: 33 });
    return [...offline(s, HARD, address), ...offline(s, SOFT, address)];
  };
  const nothing = 16 * G;
  const mf = (address: number) => `Memory failure: ${pfn(address)}: memory outside kernel control`;
  expect(outside('v6.1', nothing)).toEqual(['ENXIO', mf(nothing), 'ENXIO']);
  const off = START + 200 * M;
  expect(outside('v6.1', off)).toEqual(['ENXIO', mf(off), 'EIO']);
  // a driver could have mapped what has no struct page
  expect(outside('v7.2', nothing)).toEqual([
    'EBUSY',
    `Memory failure: ${pfn(nothing)}: recovery action for non struct page pfn: Ignored`,
    'ENXIO',
  ]);
  const s = machine('v6.1');
  for (const file of [HARD, SOFT]) expect(s.write(file, 'page').errno).toBe('EINVAL');
});

test('v6.1: a poisoned page is skipped when its block goes offline, sound when it is online again, but still counted', () => {
  const s = machine('v6.1');
  offline(s, HARD, FREE);
  const page = () => s.state.pages.get(FREE / (4 * K));
  const poisoned = page();
  must(s, { offline: 32 });
  expect(page()).not.toBe(poisoned);
  must(s, { online_movable: 32 });
  expect(offline(s, HARD, FREE)[0]).toBe('success');
  expect(corrupted(s)).toBe('HardwareCorrupted:     8 kB');
  // the section is removed: its poisoned page is no longer counted
  must(s, FREED, { offline: '32..33' }, { remove: { start: START, size: 256 * M } });
  expect(corrupted(s)).toBe('HardwareCorrupted:     4 kB');
});

test('v6.12: a block with a poisoned page stays offline, and takes it along', () => {
  const s = machine('v6.12');
  offline(s, HARD, FREE);
  must(s, FREED, { offline: '32..33' });
  expect(play(s, { online_movable: { blocks: 32, expect: 'any' } })[0]!.result).toBe('EHWPOISON');
  expect(corrupted(s)).toBe('HardwareCorrupted:     4 kB');
  must(s, { remove: { start: START, size: 256 * M } });
  expect(corrupted(s)).toBe('HardwareCorrupted:     0 kB');
});

test('device memory: its data can be poisoned, its struct pages not', () => {
  const s = booted('v6.1', { ...X86, ram: [{ start: 0, size: 2 * G }] });
  must(
    s,
    { nvdimm: { region: 0, start: START, size: 256 * M, labels: false } },
    { ndctl: 'create-namespace -f -e namespace0.0 -m devdax -M dev' },
  );
  const dax = (address: number, result: string) =>
    `Memory failure: ${pfn(address)}: recovery action for dax page: ${result}`;
  expect(offline(s, HARD, START + 64 * M)).toEqual(['success', dax(START + 64 * M, 'Recovered')]);
  expect(offline(s, HARD, START)).toEqual(['ENXIO', dax(START, 'Failed')]);
  expect(offline(s, SOFT, START + 64 * M)).toEqual(['EIO']);
});

test('a free huge page is dissolved first', () => {
  const s = machine('v6.1');
  must(s, { use: { start: START + 20 * M, size: 2 * M, as: 'hugepage_free' } });
  const address = START + 21 * M;
  expect(offline(s, HARD, address)).toEqual([
    'success',
    `Memory failure: ${pfn(address)}: recovery action for free huge page: Recovered`,
  ]);
  expect(cat(s, '/proc/meminfo')).toContain('HugePages_Total:       0\n');
});

test('v5.2 says what it finds', () => {
  const s = machine('v5.2');
  expect(offline(s, SOFT, FREE)).toEqual(['success', `__get_any_page: ${pfn(FREE)} free buddy page`]);
  expect(offline(s, SOFT, FREE)).toEqual(['EBUSY', `soft offline: ${pfn(FREE)} page already poisoned`]);
});

test('a huge page of a program: freed and dissolved, but not one larger than a PMD before v5.19', () => {
  const huge = (release: string, size: number) => {
    const s = booted(release, { ...X86, ram: [{ start: 0, size: 4 * G }] });
    const pool = `/sys/kernel/mm/hugepages/hugepages-${size / K}kB/nr_hugepages`;
    must(s, { write: { path: pool, value: '1' } });
    const start = s.state.pages.first(0, Number.MAX_SAFE_INTEGER, PageHuge) * 4 * K;
    must(s, { use: { start, size, as: 'hugepage' } });
    const [result, text] = offline(s, HARD, start + M);
    return { result, action: text!.replace(/^.* action for /, ''), left: cat(s, pool) };
  };
  for (const release of ['v5.4', 'v5.10', 'v6.1', 'v6.12', 'v7.2'])
    expect(huge(release, 2 * M)).toEqual({ result: 'success', action: 'huge page: Recovered', left: '0\n' });
  expect(huge('v5.10', G)).toEqual({
    result: 'EBUSY',
    action: 'non-pmd-sized huge page: Ignored',
    left: '1\n',
  });
  expect(huge('v6.1', G)).toEqual({ result: 'success', action: 'huge page: Recovered', left: '0\n' });
});
