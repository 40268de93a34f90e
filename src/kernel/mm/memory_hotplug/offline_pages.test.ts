import { describe, expect, test } from 'vitest';
import {
  ARM64,
  booted,
  cat,
  DYNDBG,
  G,
  K,
  last,
  M,
  memory,
  must,
  play,
  withOptions,
  X86,
} from '../../../../test/kit.ts';
import type { Session } from '../../../scenarios/running/session.ts';
import { PageHWPoison, page_nid, page_use, USE, with_use } from '../page.ts';

const DIMM = { add: { start: '5G', size: '128M', node: 1 } };
const x86 = (release = 'v6.1'): Session => booted(release, withOptions(X86, DYNDBG));
const online = (kind = 'online_movable', release = 'v6.1'): Session => {
  const session = x86(release);
  must(session, DIMM, { [kind]: 40 });
  return session;
};
const failed = (reason: string): string =>
  `memory offlining [mem 0x140000000-0x147ffffff] failed due to ${reason}`;
const use = (as: string, start: number | string = '5G', size: number | string = '128M') => ({
  use: { start, size, as },
});
const pages = (session: Session, kind: number, start: number, size: number): number =>
  session.state.pages.total(start / 4096, (start + size) / 4096, (page) => page_use(page) === kind);
const clean = (text: string): string => text.replace(/0x[0-9a-f]{6,}\(.*\)$/, '0x…(…)');
const LATER = ['v5.10', 'v6.1', 'v6.12', 'v7.2'];

describe('holes', () => {
  const machine = {
    ...withOptions(X86, `${DYNDBG} movable_node`),
    ram: [
      { start: 0, size: '2G' },
      { start: '4G', size: '256M', node: 1, hotpluggable: true },
    ],
    holes: [{ start: 4 * G + 64 * K, size: '4K' }],
  };

  test.each(['v5.7', ...LATER])('%s: one page of 4K is enough for -EINVAL', (release) => {
    const session = booted(release, machine);
    const outcome = last(session, { offline: { blocks: 32, expect: 'EINVAL' } });
    expect(outcome.messages).toEqual([
      'memory offlining [mem 0x100000000-0x107ffffff] failed due to memory holes',
    ]);
    expect(outcome.failures).toEqual([]);
    expect(cat(session, memory(32, 'removable'))).toBe('1\n');
    must(session, { offline: 33 });
  });

  test('without dyndbg it is refused without a word', () => {
    const session = booted('v6.1', withOptions(machine, 'movable_node'));
    expect(last(session, { offline: { blocks: 32, expect: 'EINVAL' } }).messages).toEqual([]);
  });
});

describe('isolation', () => {
  test.each([
    ['v5.10', 'page:(____ptrval____) refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x140000'],
    ['v6.1', 'page:(____ptrval____) refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x140000'],
    ['v6.12', 'page: refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x140000'],
  ])('%s: an unmovable page is dumped in three lines', (release, line) => {
    const session = online('online_kernel', release);
    must(session, { pin: { start: '5G', size: '128M', node: 1 } });
    const outcome = last(session, { offline: { blocks: 40, expect: 'EBUSY' } });
    expect(outcome.messages.map(clean)).toEqual([
      line,
      'flags: 0x…(…)',
      'page dumped because: unmovable page',
      failed('failure to isolate range'),
    ]);
    expect(outcome.failures).toEqual([]);
    expect(outcome.changes).toEqual([]);
    must(session, { unpin: {} }, { offline: 40 });
  });

  test('in a movable zone only PG_reserved is unmovable: a pinned page holds up migration instead', () => {
    const session = online();
    must(session, { pin: { start: '5G', size: '128M', node: 1 } });
    const outcome = play(session, { offline: { blocks: 40, expect: 'any' } })[0]!;
    expect(outcome.messages).not.toContain('page dumped because: unmovable page');
    expect(outcome.result).not.toBe('success');
    expect(cat(session, memory(40, 'state'))).toBe('online\n');
  });

  test('a range that somebody else has isolated: -EBUSY without a dump', () => {
    const session = online();
    session.state.pages.update(
      (5 * G) / 4096,
      (5 * G) / 4096 + 512,
      (page) => (page & ~(3 << 19)) | (2 << 19),
    );
    const outcome = play(session, { offline: { blocks: 40, expect: 'EBUSY' } })[0]!;
    expect(outcome.messages).toEqual([failed('failure to isolate range')]);
  });
});

describe('the order of refusals on arm64: holes, isolation, then the veto for boot memory', () => {
  const arm = (holes: readonly object[] = [], release = 'v6.1') =>
    booted(release, { ...withOptions(ARM64, DYNDBG), holes });
  const range = '[mem 0x50000000-0x57ffffff]';

  test('a hole', () => {
    const session = arm([{ start: 0x50000000 + 64 * K, size: '64K' }]);
    must(session, { pin: { start: 0x50000000, size: '128M' } });
    expect(last(session, { offline: { blocks: 10, expect: 'EINVAL' } }).messages).toEqual([
      `memory offlining ${range} failed due to memory holes`,
    ]);
  });

  test('no hole, an unmovable page', () => {
    const session = arm();
    must(session, { pin: { start: 0x50000000, size: '128M' } });
    expect(last(session, { offline: { blocks: 10, expect: 'EBUSY' } }).messages.slice(2)).toEqual([
      'page dumped because: unmovable page',
      `memory offlining ${range} failed due to failure to isolate range`,
    ]);
  });

  test.each(['v6.1', 'v6.12', 'v7.2'])('%s: neither: -EPERM and why', (release) => {
    const session = arm([], release);
    const outcome = last(session, { offline: { blocks: 10, expect: 'EPERM' } });
    expect(outcome.messages).toEqual([
      'Boot memory [50000000 58000000] offlining attempted',
      `memory offlining ${range} failed due to notifier failure`,
    ]);
    expect(outcome.failures).toEqual([]);
    expect(outcome.changes).toEqual([]);
  });

  test.each(['v5.7', 'v5.10'])('%s: the veto says nothing', (release) => {
    // the lowest block contains the memmap and the tables of boot memory, so it is refused for its reserved pages
    const ram = [{ start: '1G', size: '2G' }];
    const session = booted(release, { ...withOptions(ARM64, DYNDBG), ram });
    expect(last(session, { offline: { blocks: 2, expect: 'EPERM' } }).messages).toEqual([
      'memory offlining [mem 0x80000000-0xbfffffff] failed due to notifier failure',
    ]);
  });

  test('hot-added memory is not vetoed', () => {
    const session = arm();
    must(session, { add: { start: '4G', size: '128M', node: 1 } }, { online_movable: 32 }, { offline: 32 });
  });
});

describe('a notifier that refuses', () => {
  test.each(LATER)('%s: its errno, the isolation undone', (release) => {
    const session = online('online_movable', release);
    const path = '/sys/kernel/debug/notifier-error-inject/memory/actions/MEM_GOING_OFFLINE/error';
    must(session, { write: { path, value: '-16' } });
    const outcome = last(session, { offline: { blocks: 40, expect: 'EBUSY' } });
    expect(outcome.messages).toEqual([failed('notifier failure')]);
    expect(outcome.failures).toEqual([]);
    must(session, { write: { path, value: '0' } }, { offline: 40 });
  });
});

describe('movable pages', () => {
  test.each(['v5.2', 'v5.4', 'v5.7', ...LATER])('%s: migrate elsewhere, as many as there were', (release) => {
    const session = online('online_movable', release);
    must(session, use('movable', '5G', '64M'), { offline: 40 });
    expect(pages(session, USE.MOVABLE, 5 * G, 128 * M)).toBe(0);
    expect(pages(session, USE.MOVABLE, 0, 2 * G)).toBe(16384);
  });

  test('other nodes are preferred', () => {
    const session = x86();
    must(
      session,
      { add: { start: '5G', size: '256M', node: 1 } },
      { online_movable: '40..41' },
      use('movable', '5G', '4M'),
      { offline: 40 },
    );
    const where = [...session.state.pages.in(0, 2 ** 40)].filter(
      ({ value }) => page_use(value) === USE.MOVABLE,
    );
    // around a table of the new memory's linear map
    expect(where.map(({ start, end, value }) => [end - start, page_nid(value)])).toEqual([
      [511, 0],
      [513, 0],
    ]);
  });

  test.each(LATER)('%s: with nowhere to go it tries until a signal: -EINTR', (release) => {
    const session = online('online_movable', release);
    session.state.pages.update(0, (2 * G) / 4096, (page) =>
      page_use(page) === USE.FREE ? with_use(page, USE.UNMOVABLE) : page,
    );
    must(session, use('movable', '5G', '4K'));
    session.state.pages.update((5 * G) / 4096 + 1, (6 * G) / 4096, (page) => page);
    const outcome = play(session, use('movable'), { offline: { blocks: 40, expect: 'EINTR' } })[1]!;
    expect(outcome.messages).toEqual([failed('signal backoff')]);
    expect(outcome.failures).toEqual([
      {
        kind: 'hang',
        subjects: { function: 'offline_pages', operation: 'offline' },
        text: 'offline_pages loops until a signal ends it',
      },
    ]);
    expect(cat(session, memory(40, 'state'))).toBe('online\n');
  });

  test('hugetlb pages in use migrate, free ones dissolve', () => {
    const session = online();
    must(session, use('hugepage', '5G', '2M'), use('hugepage_free', 5 * G + 2 * M, '2M'), { offline: 40 });
    expect(pages(session, USE.HUGE_USED, 0, 2 * G)).toBe(512);
    expect(pages(session, USE.HUGE_FREE, 0, 6 * G)).toBe(0);
    must(session, { online_movable: 40 });
    expect(pages(session, USE.FREE, 5 * G, 128 * M)).toBe(32768);
  });
});

describe('PageOffline (v5.8+)', () => {
  test.each(LATER)('%s: without a reference it is no obstacle', (release) => {
    const session = online('online_kernel', release);
    must(session, use('offline', '5G', '64M'), { offline: 40 });
  });

  test.each(LATER)('%s: with one it is certain to stay: -EBUSY', (release) => {
    const session = online('online_movable', release);
    const outcome = play(session, use('offline_ref', '5G', '2M'), {
      offline: { blocks: 40, expect: 'EBUSY' },
    })[1]!;
    expect(outcome.messages).toEqual([failed('unmovable page')]);
    expect(outcome.failures).toEqual([]);
  });
});

describe('hwpoison', () => {
  const poisoned = (release: string): Session => {
    const session = online('online_movable', release);
    must(session, use('hwpoison', '5G', '4K'), { offline: 40 });
    return session;
  };

  test.each(['v5.2', 'v5.10', 'v6.1'])(
    '%s: offline and online succeed, the flag is lost, the count stays',
    (release) => {
      const session = poisoned(release);
      must(session, { online_movable: 40 });
      expect(PageHWPoison(session.state.pages.get((5 * G) / 4096))).toBe(false);
      expect(session.state.vars.get(0)!.num_poisoned_pages).toBe(1);
    },
  );

  test.each(['v6.12', 'v7.2'])('%s: the block stays offline: -EHWPOISON', (release) => {
    const session = poisoned(release);
    const outcome = last(session, { online_movable: { blocks: 40, expect: 'EHWPOISON' } });
    expect(outcome.ret).toBe(-133);
    expect(outcome.failures).toEqual([]);
    expect(cat(session, memory(40, 'state'))).toBe('offline\n');
    must(session, { remove: { start: '5G', size: '128M' } }, DIMM, { online_movable: 40 });
  });
});

describe('v5.2 to v5.4', () => {
  test('a block of which sections are absent is refused without a word', () => {
    const session = booted('v5.2', { ...X86, block_size: '256M', ram: [{ start: 0, size: '2176M' }] });
    expect(last(session, { offline: { blocks: 8, expect: 'EINVAL' } }).messages).toEqual([]);
  });

  test('Offlined Pages is printed up to v5.10, a debug message later', () => {
    for (const release of ['v5.2', 'v5.4', 'v5.7', 'v5.10', 'v6.1']) {
      const session = booted(release, X86);
      must(session, DIMM, { online_kernel: 40 });
      const { messages } = last(session, { offline: 40 });
      expect([release, messages.includes('Offlined Pages 32768')]).toEqual([release, release !== 'v6.1']);
    }
    expect(last(online('online_kernel'), { offline: 40 }).messages).toContain('Offlined Pages 32768');
  });

  test('struct pages keep zone and node in the span until the memory is removed; from v5.4 on offline shrinks it', () => {
    for (const release of ['v5.2', 'v5.4', 'v6.1']) {
      const session = online('online_movable', release);
      must(session, { offline: 40 });
      const spanned = session.state.zone.get(8 + session.kernel.c.ZONE_MOVABLE)!.spanned_pages;
      expect([release, spanned]).toEqual([release, release === 'v5.2' ? 32768 : 0]);
    }
  });
});
