import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import {
  ARM64,
  booted,
  cat,
  G,
  last,
  M,
  must,
  play,
  runText,
  withOptions,
  X86,
} from '../../../../test/kit.ts';
import { boot } from '../../../boot/boot.ts';
import { parseMachineFile } from '../../../machines/machine-file/machine-file.ts';
import { checkHugetlb } from '../../../monitors/hotplug/hugetlb.ts';
import { violations } from '../../../monitors/hotplug/index.ts';
import { findRelease, mainline } from '../../../releases/index.ts';
import { mapHugepages, unmapHugepages } from '../../../scenarios/running/programs.ts';
import { Session } from '../../../scenarios/running/session.ts';
import { PageHuge, page_use, USE } from '../page.ts';

const RELEASES = mainline.map(({ name }) => name);
/** isolate_single_pageblock() before v6.10. */
const REFUSING = ['v6.1', 'v6.6', 'v6.8'];
const pool = (node: number, size: number, name = 'nr'): string =>
  `/sys/devices/system/node/node${node}/hugepages/hugepages-${size / 1024}kB/${name}_hugepages`;

/** nr, free and surplus of a node's pool. */
const counts = (session: Session, node: number, size: number): number[] =>
  ['nr', 'free', 'surplus'].map((name) => Number(cat(session, pool(node, size, name))));

const nr = (size: string, count: number, node?: number): object => ({
  hugepages: { size, count, ...(node !== undefined && { node }) },
});

/** Node 1 has 1G in ZONE_MOVABLE from 5G and 2G in ZONE_NORMAL from 6G: the x86-64 recording. */
function recorded(release: string): Session {
  const session = booted(release, X86);
  must(session, { add: { start: '5G', size: '3G', node: 1 } }, { online_movable: '40..47' });
  must(session, { online_kernel: '48..63' });
  return session;
}

const huge = (session: Session, start: number, use: number): number =>
  session.state.pages.total(
    start / 4096,
    (start + G) / 4096,
    (page) => PageHuge(page) && page_use(page) === use,
  );

describe.each(RELEASES)('%s', (release) => {
  test('2M pages come from ZONE_MOVABLE first, gigantic ones never', () => {
    const session = recorded(release);
    must(session, nr('2M', 512, 1));
    expect(counts(session, 1, 2 * M)).toEqual([512, 512, 0]);
    expect(huge(session, 5 * G, USE.HUGE_FREE)).toBe(262144);
    must(session, nr('2M', 0, 1), nr('1G', 9, 1));
    expect(counts(session, 1, G)).toEqual([2, 2, 0]);
    expect(huge(session, 5 * G, USE.HUGE_FREE)).toBe(0);
    must(session, nr('1G', 0, 1));
    expect(counts(session, 1, G)).toEqual([0, 0, 0]);
  });

  test('a kernel page in the first range: the second one is taken', () => {
    const session = recorded(release);
    must(session, { pin: { start: '6G', size: '128M', node: 1 } }, nr('1G', 2, 1));
    expect(counts(session, 1, G)).toEqual([1, 1, 0]);
    expect(huge(session, 7 * G, USE.HUGE_FREE)).toBe(262144);
  });

  test('movable pages in the way are migrated since v5.13', () => {
    const session = recorded(release);
    const use = (start: string): object => ({ use: { start, size: '4K', as: 'movable' } });
    must(session, use('6G'), use('7G'), nr('1G', 2, 1));
    expect(counts(session, 1, G)[0]).toBe(/^v[67]/.test(release) ? 2 : 0);
  });

  test('in use, the pool shrinks by surplus; a page of it goes when it is free', () => {
    const session = recorded(release);
    must(session, nr('2M', 4, 1));
    expect(mapHugepages(session, 1, 2 * M, 3).errno).toBe(null);
    must(session, nr('2M', 1, 1));
    expect(counts(session, 1, 2 * M)).toEqual([3, 0, 2]);
    expect(unmapHugepages(session)).toBe(3);
    expect(counts(session, 1, 2 * M)).toEqual([1, 1, 0]);
    expect(mapHugepages(session, 1, 2 * M, 2).errno).toBe('ENOMEM');
  });

  test('pages of all nodes: they take turns', () => {
    const session = recorded(release);
    must(session, nr('2M', 100));
    expect([counts(session, 0, 2 * M)[0], counts(session, 1, 2 * M)[0]]).toEqual([50, 50]);
    expect(cat(session, '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages')).toBe('100\n');
    must(session, nr('2M', 7));
    expect(counts(session, 0, 2 * M)[0]! + counts(session, 1, 2 * M)[0]!).toBe(7);
  });

  test('free 2M pages of a block dissolve, used ones move to another node', () => {
    const session = recorded(release);
    must(session, nr('2M', 512, 1));
    mapHugepages(session, 1, 2 * M, 10);
    must(session, { offline: 40 });
    expect(counts(session, 1, 2 * M)).toEqual([448, 448, 0]);
    expect(counts(session, 0, 2 * M)).toEqual([10, 0, 0]);
    expect(checkHugetlb(session.state, session.kernel.c)).toEqual([]);
  });

  test('free pages of another pool take what migrates; the old pages are dissolved', () => {
    const session = recorded(release);
    must(session, nr('2M', 20, 0), nr('2M', 512, 1));
    mapHugepages(session, 1, 2 * M, 10);
    must(session, { offline: 40 });
    expect(counts(session, 0, 2 * M)).toEqual([20, 10, 0]);
    expect(counts(session, 1, 2 * M)).toEqual([448, 448, 0]);
  });

  test('a block under a free 1G page: dissolved; v6.1 to v6.8 let only the last one go', () => {
    const session = recorded(release);
    must(session, nr('1G', 2, 1));
    const results = [48, 50, 55, 62].map(
      (id) => play(session, { offline: { blocks: id, expect: 'any' } })[0]!.result,
    );
    const ends = REFUSING.includes(release)
      ? ['EBUSY', 'EBUSY', 'success', 'EBUSY']
      : Array(4).fill('success');
    expect(results).toEqual(ends);
    expect(counts(session, 1, G)).toEqual(REFUSING.includes(release) ? [1, 1, 0] : [0, 0, 0]);
    expect(checkHugetlb(session.state, session.kernel.c)).toEqual([]);
  });

  test('in use without a target: v6.1 to v6.8 refuse at once, others try until a signal ends it', () => {
    const session = recorded(release);
    must(session, nr('1G', 2, 1));
    mapHugepages(session, 1, G, 2);
    const failed = last(session, { offline: { blocks: 50, expect: 'any' } });
    expect(failed.result).toBe(REFUSING.includes(release) ? 'EBUSY' : 'EINTR');
    expect(failed.messages.some((text) => text === 'migrating pfn 180000 failed ret:-12')).toBe(
      !REFUSING.includes(release),
    );
    expect(counts(session, 1, G)).toEqual([2, 0, 0]);
  });
});

test('what nr_hugepages takes: kstrtoul', () => {
  const session = recorded('v6.1');
  const write = (text: string): string | null => session.write(pool(1, 2 * M), text).errno;
  expect(['3', '+4\n', '0', '-1', '', '1k', '0x10', ' 1', '18446744073709551616'].map(write)).toEqual([
    ...[null, null, null, 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'ERANGE'],
  ]);
  expect(session.write(pool(1, 2 * M), '18446744073709551615').errno).toBe(null);
  expect(counts(session, 1, 2 * M)).toEqual([1536, 1536, 0]);
  expect(session.write(pool(1, 2 * M, 'free'), '1').errno).toBe('EACCES');
});

test('a size that the processor has not has no file', () => {
  const session = booted('v6.1', { ...ARM64, page_size: 65536 });
  expect(session.write(pool(0, G), '1').errno).toBe('ENOENT');
  expect(cat(session, pool(0, 16 * G))).toBe('0\n');
  expect(last(session, { hugepages: { size: '1G', node: 0, count: 1, expect: 'ENOENT' } }).result).toBe(
    'ENOENT',
  );
});

test('arm64: 32M pages are gigantic, too, and never come from ZONE_MOVABLE', () => {
  const session = booted('v6.1', ARM64);
  must(
    session,
    { add: { start: '4G', size: '256M', node: 1 } },
    { online_movable: 32 },
    { online_kernel: 33 },
  );
  must(session, nr('32M', 9, 1), nr('64K', 9, 1));
  expect([counts(session, 1, 32 * M), counts(session, 1, 65536)]).toEqual([
    [4, 4, 0],
    [9, 9, 0],
  ]);
});

describe('boot options', () => {
  const up = (options: string, machine = X86, release = 'v6.1') => {
    const model = boot(
      parseMachineFile(stringify(withOptions(machine, options)), 'machine'),
      findRelease(release)!,
    );
    return { session: new Session(model), notes: model.notes.filter((note) => /huge/i.test(note)) };
  };

  const LARGE = {
    ...X86,
    ram: [
      { start: 0, size: '2G' },
      { start: '4G', size: '8G' },
    ],
  };

  test('pages of the default size and of another; gigantic ones from the top', () => {
    const { session, notes } = up('hugepages=10 hugepagesz=1G hugepages=1', LARGE);
    expect(notes).toEqual([]);
    expect([counts(session, 0, 2 * M), counts(session, 0, G)]).toEqual([
      [10, 10, 0],
      [1, 1, 0],
    ]);
    expect(huge(session, 10 * G, USE.HUGE_FREE)).toBe(262144);
    expect(violations(session.state, session.kernel.c)).toEqual([]);
  });

  test('more than there is room for', () => {
    const { session, notes } = up('default_hugepagesz=1G hugepages=9', LARGE);
    expect(counts(session, 0, G)).toEqual([7, 7, 0]);
    expect(notes).toEqual([
      'HugeTLB: allocating 9 of page size 1.00 GiB failed.  Only allocated 7 hugepages.',
    ]);
    // RAM below 4G is whole nowhere
    expect(counts(up('default_hugepagesz=1G hugepages=9').session, 0, G)).toEqual([0, 0, 0]);
  });

  test('a gigantic size that is not offered', () => {
    const arm64 = { ...ARM64, page_size: 65536 };
    expect(up('hugepagesz=1G hugepages=1', arm64).notes).toEqual([
      'HugeTLB: unsupported hugepagesz=1G',
      'HugeTLB: hugepages=1 does not follow a valid hugepagesz, ignoring',
    ]);
    expect(up('hugepagesz=1G', arm64, 'v5.2').notes).toEqual(['hugepagesz: Unsupported page size 1048576 K']);
    expect(up('hugepagesz=16G', X86, 'v5.2').notes).toEqual(['hugepagesz: Unsupported page size 16384 M']);
  });

  const nodesOf = (session: Session, nids: readonly number[], size: number) =>
    nids.map((nid) => counts(session, nid, size)[0]);

  test.each(['v5.2', 'v5.10', 'v6.1', 'v6.12', 'v7.2'])(
    '%s: a gigabyte that memblock cannot give whole: the next highest, or that of another node',
    (release) => {
      const machine = {
        ...X86,
        ram: [
          { start: 0, size: '2G' },
          { start: '4G', size: '1G' },
          { start: '5G', size: '3G', node: 1 },
        ],
      };
      const one = up('default_hugepagesz=1G hugepages=1', machine, release).session;
      expect(nodesOf(one, [0, 1], G)).toEqual([0, 1]);
      // the top of node 1 holds its NODE_DATA
      expect(one.state.pages.first(0, 8 * G, (page) => PageHuge(page))).toBe((6 * G) / 4096);
      const { session, notes } = up('default_hugepagesz=1G hugepages=5', machine, release);
      expect(nodesOf(session, [0, 1], G)).toEqual([0, 2]);
      expect(notes).toEqual([
        'HugeTLB: allocating 5 of page size 1.00 GiB failed.  Only allocated 2 hugepages.',
      ]);
      expect(violations(session.state, session.kernel.c)).toEqual([]);
    },
  );

  test('struct pages may take the top of a node before, until v6.12', () => {
    const machine = {
      ...X86,
      ram: [
        { start: 0, size: '2G' },
        { start: '4G', size: 9 * G + 64 * M },
      ],
    };
    for (const [release, top] of [
      ['v6.12', 11],
      ['v7.2', 12],
    ] as const) {
      const { session } = up('default_hugepagesz=1G hugepages=1', machine, release);
      expect([release, session.state.pages.first(0, 16 * G, (page) => PageHuge(page))]).toEqual([
        release,
        (top * G) / 4096,
      ]);
    }
  });

  const SMALL = {
    ...X86,
    ram: [
      { start: 0, size: '768M' },
      { start: '768M', size: '256M', node: 1 },
      { start: '1G', size: '256M', node: 2 },
    ],
  };

  test.each([
    ['v5.2', 8, [3, 3, 2]],
    ['v6.1', 8, [3, 3, 2]],
    ['v6.12', 8, [8, 0, 0]],
    ['v7.2', 8, [3, 3, 2]],
    // in parts of 16 and one of 4
    ['v6.12', 100, [38, 31, 31]],
    // 2M of each node are struct pages for each of its sections
    // and a table lies at the end of the last
    ['v6.12', 500, [249, 126, 125]],
    ['v7.2', 500, [249, 126, 125]],
  ])('%s: hugepages=%d on three nodes, the first of which is the largest', (release, n, expected) => {
    const { session, notes } = up(`hugepages=${n}`, SMALL, release);
    expect(notes).toEqual([]);
    expect(nodesOf(session, [0, 1, 2], 2 * M)).toEqual(expected);
  });

  test('v7.2 divides the work among a quarter of the processors, or as many as an option says', () => {
    const many = { ...SMALL, nodes: [{ node: 0, cpus: '0-15' }, { node: 1 }, { node: 2 }] };
    expect(nodesOf(up('hugepages=8', many, 'v7.2').session, [0, 1, 2], 2 * M)).toEqual([4, 4, 0]);
    const eight = 'hugepage_alloc_threads=8 hugepages=8';
    expect(nodesOf(up(eight, SMALL, 'v7.2').session, [0, 1, 2], 2 * M)).toEqual([8, 0, 0]);
  });

  test('pages by node, from v5.16', () => {
    const { session, notes } = up('hugepages=0:1,1:2 hugepagesz=1G hugepages=9:1', SMALL);
    expect(nodesOf(session, [0, 1, 2], 2 * M)).toEqual([1, 2, 0]);
    expect(notes).toEqual(['HugeTLB: Invalid hugepages parameter 9:1']);
    const many = up('hugepages=1:200', SMALL);
    expect(nodesOf(many.session, [0, 1, 2], 2 * M)).toEqual([0, 126, 0]);
    expect(many.notes).toEqual([
      'HugeTLB: allocating 200 of page size 2.00 MiB failed node1.  Only allocated 126 hugepages.',
    ]);
    expect(nodesOf(up('hugepages=0:1,1:2', SMALL, 'v5.10').session, [0, 1, 2], 2 * M)).toEqual([0, 0, 0]);
  });

  test('hugepages= before any size is for the default size; the second for a size is ignored', () => {
    const { session, notes } = up('hugepages=1 default_hugepagesz=1G', {
      ...X86,
      ram: [{ start: 0, size: '8G' }],
    });
    expect([counts(session, 0, G)[0], counts(session, 0, 2 * M)[0]]).toEqual([1, 0]);
    expect(notes).toEqual([]);
    expect(up('hugepages=1 hugepages=2', SMALL).notes).toEqual([
      'HugeTLB: hugepages= specified twice without interleaving hugepagesz=, ignoring hugepages=2',
    ]);
    expect(up('hugepages=x', SMALL).notes).toEqual(['HugeTLB: Invalid hugepages parameter x']);
  });
});

test('the scenario of the difference', () => {
  const text = readFileSync(
    new URL('../../../../scenarios/hugepages-block-under-1G.yaml', import.meta.url),
    'utf8',
  );
  const failures = (release: string): string[] =>
    runText(text.replace(/^release: .*$/m, `release: ${release}`)).flatMap(({ failures: f }) =>
      f.map((x) => x.text),
    );
  expect(failures('v6.1')).toEqual(['result is EBUSY, expected success']);
  for (const release of ['v5.2', 'v5.10', 'v6.12', 'v7.2']) expect(failures(release)).toEqual([]);
});

test('random changes of pools, blocks and programs: counters are what there is, no page is lost', () => {
  const step = fc.oneof(
    fc.record({
      hugepages: fc.record(
        {
          size: fc.constantFrom('2M', '1G'),
          node: fc.constantFrom(0, 1),
          count: fc.constantFrom(0, 1, 2, 3, 40, 500, 5000),
        },
        { requiredKeys: ['size', 'count'] },
      ),
    }),
    fc
      .tuple(fc.constantFrom('online_movable', 'online_kernel', 'offline'), fc.integer({ min: 40, max: 63 }))
      .map(([kind, blocks]) => ({ [kind]: { blocks, expect: 'any' } })),
    fc.record({ map: fc.constantFrom(1, 10, 100), size: fc.constantFrom(2 * M, G) }),
    fc.constant({ unmap: true }),
  );
  const run = (release: string, steps: readonly object[]): void => {
    const session = recorded(release);
    const { state, kernel } = session;
    for (const one of steps) {
      if ('map' in one)
        mapHugepages(session, 1, (one as unknown as { size: number }).size, one.map as number);
      else if ('unmap' in one) unmapHugepages(session);
      else play(session, one);
      expect(checkHugetlb(state, kernel.c)).toEqual([]);
      const in_use = state.pages.total(0, 2 ** 30, (page) => page_use(page) !== USE.NONE);
      const managed = [...state.zone.values()].reduce((sum, zone) => sum + zone.managed_pages, 0);
      expect(in_use).toBe(managed);
      expect(state.vars.get(0)!.totalram_pages).toBe(managed);
    }
  };
  fc.assert(fc.property(fc.constantFrom(...RELEASES), fc.array(step, { maxLength: 12 }), run), {
    numRuns: 60,
    seed: 1,
  });
});
