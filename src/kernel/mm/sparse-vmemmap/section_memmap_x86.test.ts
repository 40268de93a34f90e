import { describe, expect, test } from 'vitest';
import { booted, G, last, M, must, play, X86 } from '../../../../test/kit.ts';
import { leaves } from '../../../hardware/walks/walk.ts';
import type { Session } from '../../../scenarios/running/session.ts';
import { leaf_address } from '../../include/linux/pgtable.ts';
import { vmemmap_of } from '../../pfn.ts';
import { page_use, USE } from '../page.ts';

const ALL = ['v5.2', 'v5.3', 'v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'];
const FAILURE =
  'vmemmap alloc failure: order:9, mode:0x4cc0(GFP_KERNEL|__GFP_RETRY_MAYFAIL), nodemask=(null),cpuset=/,mems_allowed=0';

const count = (session: Session, use: number): number => {
  let n = 0;
  for (const run of session.state.pages.in(0, Number.MAX_SAFE_INTEGER))
    if (page_use(run.value) === use) n += run.end - run.start;
  return n;
};
const memmap = (session: Session): number => count(session, USE.MEMMAP);

/** The leaves that map the struct pages of a range: level, how many, the first page. */
const mapped = ({ kernel: { c }, state }: Session, start: number, size: number) =>
  [...leaves(state.mmu!, vmemmap_of(c, start / 4096), vmemmap_of(c, (start + size) / 4096))].map(
    (run) => `${c.t.name[run.depth]} ${run.n} 0x${leaf_address(c, run).toString(16)}`,
  );

describe('the memmap of hot-added memory on x86-64', () => {
  test.each(ALL)('%s: takes 16M of a gigabyte from the allocator, and gives them back', (release) => {
    const session = booted(release, X86);
    const free = count(session, USE.FREE);
    must(session, { add: { start: '4G', size: '1G', node: 1 } });
    expect([memmap(session), count(session, USE.FREE)]).toEqual([4096, free - 4096]);
    expect(mapped(session, 4 * G, G).map((leaf) => leaf.slice(0, 5))).toEqual(['PMD 8']);
    // v5.2 and v5.3 leave links of node 1 behind
    play(session, { remove: { start: '4G', size: '1G' } });
    expect([memmap(session), count(session, USE.FREE)]).toEqual([0, free]);
    expect(mapped(session, 4 * G, G)).toEqual([]);
  });

  test.each(ALL)('%s: 512G for a machine of 2G are -ENOMEM', (release) => {
    const session = booted(release, X86);
    const outcome = last(session, { add: { start: '4G', size: '512G', node: 1, expect: 'ENOMEM' } });
    expect(outcome.messages).toContain(FAILURE);
    expect(outcome.messages).toContain('WARNING at add_pages');
    expect(count(session, USE.FREE)).toBeLessThan(512);
    const again = last(session, { add: { start: '1T', size: '128M', node: 1, expect: 'ENOMEM' } });
    expect(again.messages).not.toContain(FAILURE);
  });

  test.each(ALL)('%s: without a free block of 2M it consists of base pages', (release) => {
    const session = booted(release, X86);
    must(session, { fail: { site: 'vmemmap_block' } });
    expect(last(session, { add: { start: '4G', size: '256M', node: 1 } }).messages).toContain(FAILURE);
    expect(mapped(session, 4 * G, 128 * M).map((leaf) => leaf.slice(0, 7))).toEqual(['PTE 512']);
    expect(mapped(session, 4 * G + 128 * M, 128 * M).map((leaf) => leaf.slice(0, 5))).toEqual(['PMD 1']);
    play(session, { remove: { start: '4G', size: '256M' } });
    expect([memmap(session), mapped(session, 4 * G, 256 * M)]).toEqual([0, []]);
  });

  test.each(ALL.slice(1))('%s: of less than a section consists of base pages', (release) => {
    const session = booted(release, X86);
    must(session, { memremap: { start: '5G', size: '2M', node: 1 } });
    expect(memmap(session)).toBe(8);
    must(session, { memremap: { start: 5 * G + 64 * M, size: '64M', node: 1 } });
    expect(memmap(session)).toBe(8 + 256);
    must(session, { memunmap: { start: '5G', size: '2M' } });
    expect(memmap(session)).toBe(256);
    must(session, { memunmap: { start: 5 * G + 64 * M, size: '64M' } });
    expect(memmap(session)).toBe(0);
  });

  test('lies on the node of the memory, if that has free memory', () => {
    const session = booted('v6.1', X86);
    must(session, { add: { start: '8G', size: '128M', node: 2 } }, { online_kernel: 64 });
    must(session, { add: { start: '9G', size: '128M', node: 2 } });
    const [block] = mapped(session, 9 * G, 128 * M);
    expect(Number(block!.split(' ')[2])).toBeGreaterThanOrEqual(8 * G);
    expect(last(session, { offline: { blocks: 64, expect: 'EBUSY' } }).failures).toEqual([]);
  });

  test('lies in the memory itself with memmap_on_memory', () => {
    const session = booted('v6.1', { ...X86, boot_options: 'memory_hotplug.memmap_on_memory=Y' });
    must(session, { device_add: { id: 'd', start: '5G', size: '128M', node: 1 } });
    expect(memmap(session)).toBe(0);
    expect(mapped(session, 5 * G, 128 * M)).toEqual([`PMD 1 0x${(5 * G).toString(16)}`]);
    must(session, { device_del: 'd' });
    expect(mapped(session, 5 * G, 128 * M)).toEqual([]);
  });
});
