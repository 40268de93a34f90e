import { describe, expect, test } from 'vitest';
import {
  ARM64,
  booted,
  cat,
  DYNDBG,
  G,
  last,
  memory,
  must,
  run,
  withOptions,
  X86,
} from '../../../../test/kit.ts';
import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { MIGRATE, make_page, PG_reserved } from '../page.ts';

/** The calls of the online callback by online_pages_range: first pfn and order of each call. */
function chunks(
  release: string,
  pfn: number,
  nr_pages: number,
): { orders: number[]; pages: number; starts: number[] } {
  const session = booted(release, X86);
  const calls: [number, number][] = [];
  const spy: Kernel = {
    ...session.kernel,
    *generic_online_page(at: number, n: number): Steps<void> {
      calls.push([at, n]);
    },
  };
  session.state.pages.set(pfn, pfn + nr_pages, make_page(0, 2, MIGRATE.MOVABLE, PG_reserved));
  run(session, spy.online_pages_range(pfn, nr_pages));
  return {
    starts: calls.map(([at]) => at),
    orders: calls.map(([, n]) => Math.log2(n)),
    pages: calls.reduce((sum, [, n]) => sum + n, 0),
  };
}

const tens = (n: number): number[] => new Array<number>(n).fill(10);
const PFN = 0x140000;

describe('v5.2 hands over min(10, get_order(rest)) at a time', () => {
  test.each([
    [1024, [10], 0],
    [1536, [10, 9], 0],
    [700, [10], 324],
    [1000, [10], 24],
    [1537, [10, 10], 511],
    [32768, tens(32), 0],
    [32769, [...tens(32), 0], 0],
    [1, [0], 0],
    [3, [2], 1],
  ])('%i pages', (nr_pages, orders, beyond) => {
    const { pages, ...rest } = chunks('v5.2', PFN, nr_pages);
    expect(rest.orders).toEqual(orders);
    expect(pages - nr_pages).toBe(beyond);
  });

  test('a chunk whose first page is not PG_reserved is passed over whole', () => {
    const session = booted('v5.2', X86);
    session.state.pages.set(PFN, PFN + 1024, make_page(0, 2, MIGRATE.MOVABLE));
    session.state.pages.set(PFN + 1, PFN + 1024, make_page(0, 2, MIGRATE.MOVABLE, PG_reserved));
    expect(run(session, session.kernel.online_pages_range(PFN, 1024)).value).toBe(0);
  });
});

describe('later releases take naturally aligned chunks', () => {
  test.each([
    [PFN, 1024, [PFN]],
    [PFN + 1, 7, [PFN + 1, PFN + 2, PFN + 4]],
    [PFN + 512, 1536, [PFN + 512, PFN + 1024]],
    [PFN + 512, 512, [PFN + 512]],
  ])('pfn %i, %i pages', (pfn, nr_pages, starts) => {
    for (const release of ['v5.4', 'v5.10', 'v6.1', 'v6.12']) {
      const found = chunks(release, pfn, nr_pages);
      expect(found.starts).toEqual(starts);
      expect(found.pages).toBe(nr_pages);
    }
  });
});

describe('a block that comes online', () => {
  const DIMM = { add: { start: '5G', size: '128M', node: 1 } };

  test('an unpopulated zone rebuilds the zonelists, the next block of it says nothing', () => {
    const session = booted('v6.1', X86);
    must(session, { add: { start: '5G', size: '256M', node: 1 } });
    expect(last(session, { online_movable: 40 }).messages).toEqual([
      'Fallback order for Node 0: 0 1 ',
      'Fallback order for Node 1: 1 0 ',
      'Fallback order for Node 2: 2 0 1 ',
      expect.stringMatching(/^Built 2 zonelists, mobility grouping on\. {2}Total pages: \d+$/),
      'Policy zone: DMA32',
    ]);
    expect(last(session, { online_movable: 41 }).messages).toEqual([]);
    expect(last(session, { offline: 41 }).messages).toEqual([]);
  });

  test('the first kernel zone above raises the policy zone for good; v5.10 prints no fallback order', () => {
    const session = booted('v5.10', X86);
    must(session, DIMM);
    expect(last(session, { online_kernel: 40 }).messages).toEqual([
      expect.stringMatching(/^Built 2 zonelists/),
      'Policy zone: Normal',
    ]);
    expect(last(session, { offline: 40 }).messages).toEqual([
      'Offlined Pages 32768',
      expect.stringMatching(/^Built 2 zonelists/),
      'Policy zone: Normal',
    ]);
  });

  test('a veto: -ENOMEM, the debug message, and nothing left (v5.4+)', () => {
    for (const release of ['v5.4', 'v5.10', 'v6.1', 'v6.12', 'v7.2']) {
      const session = booted(release, withOptions(X86, DYNDBG));
      must(session, DIMM, {
        write: {
          path: '/sys/kernel/debug/notifier-error-inject/memory/actions/MEM_GOING_ONLINE/error',
          value: '-12',
        },
      });
      const outcome = last(session, { online_movable: { blocks: 40, expect: 'ENOMEM' } });
      expect(outcome.failures).toEqual([]);
      expect(outcome.messages).toEqual(['online_pages [mem 0x140000000-0x147ffffff] failed']);
      expect(outcome.changes).toEqual([]);
    }
  });

  test('a misaligned range is a WARN and -EINVAL: whole sections on v5.10, pageblocks at its start on v6.1', () => {
    const v5_10 = booted('v5.10', X86);
    const v6_1 = booted('v6.1', X86);
    const call = (session: typeof v6_1, pfn: number, n: number) =>
      run(session, session.kernel.online_pages(pfn, n, 2, 0));
    expect(call(v5_10, PFN + 512, 32768 - 512)).toMatchObject({
      value: -22,
      events: [{ kind: 'warn', where: 'online_pages' }],
    });
    expect(call(v5_10, PFN, 0)).toMatchObject({ value: -22, events: [] });
    expect(call(v6_1, PFN + 1, 32767)).toMatchObject({
      value: -22,
      events: [{ kind: 'warn', where: 'online_pages' }],
    });
    expect(call(v6_1, PFN, 512).value).toBe(-22);
  });

  test('with a memmap of its own on 6.1: 512 pages present, not managed; one block only', () => {
    const session = booted('v6.1', withOptions(X86, 'memory_hotplug.memmap_on_memory=1'));
    must(session, { device_add: { id: 'a', start: '5G', size: '128M', node: 1 } }, { online_movable: 40 });
    const movable = () =>
      /Node 1, zone {2}Movable\n(?:.*\n)*/.exec(cat(session, '/proc/zoneinfo')!)![0].split('Node 2')[0]!;
    expect(movable().split('\n').slice(0, 6)).toEqual([
      'Node 1, zone  Movable',
      '  pages free     32256',
      '        spanned  32768',
      '        present  32768',
      '        managed  32256',
      '  start_pfn:           1310720',
    ]);
    must(
      session,
      { device_add: { id: 'b', start: '6G', size: '256M', node: 1 } },
      { online_movable: '48..49' },
    );
    expect(movable().split('\n')[4]).toBe(`        managed  ${32256 + 65536}`);
    expect(session.state.memory_block.get(48)!.nr_vmemmap_pages).toBe(0);
    must(session, { offline: 40 }, { offline: '48..49' }, { device_del: 'a' }, { device_del: 'b' });
    expect(session.state.zone.get(11)).toMatchObject({
      present_pages: 0,
      managed_pages: 0,
      spanned_pages: 0,
    });
    expect(session.state.vars.get(0)!.nr_vmemmap_pages).toBe(0);
  });

  test.each(['v6.12', 'v7.2'])('with a memmap of its own on %s: every block', (release) => {
    const session = booted(release, withOptions(X86, 'memory_hotplug.memmap_on_memory=1'));
    must(
      session,
      { device_add: { id: 'a', start: '5G', size: '384M', node: 1 } },
      { online_movable: '40..42' },
    );
    expect(session.state.zone.get(11)).toMatchObject({ present_pages: 3 * 32768, managed_pages: 3 * 32256 });
    must(session, { offline: '40..42' }, { device_del: 'a' });
    expect(session.state.zone.get(11)).toMatchObject({
      present_pages: 0,
      managed_pages: 0,
      spanned_pages: 0,
    });
  });

  test('on arm64 the memmap takes the first 2M of a block of 4K pages, and does not fit with 16K or 64K', () => {
    const options = 'memory_hotplug.memmap_on_memory=1';
    for (const [page_size, size, pages] of [
      ['4K', '128M', 512],
      ['16K', '128M', 0],
      ['64K', '512M', 0],
    ] as const) {
      const session = booted('v6.1', { ...withOptions(ARM64, options), page_size });
      must(session, { device_add: { id: 'a', start: '8G', size, node: 1 } });
      const id = (8 * G) / session.kernel.c.memory_block_size_bytes;
      expect(session.state.memory_block.get(id)!.nr_vmemmap_pages).toBe(pages);
      must(session, { online_movable: id });
      expect(cat(session, memory(id, 'valid_zones'))).toBe('Movable\n');
      must(session, { offline: id }, { device_del: 'a' });
    }
  });
});
