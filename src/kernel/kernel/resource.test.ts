import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { booted, cat, DYNDBG, G, K, last, M, must, play, run, withOptions, X86 } from '../../../test/kit.ts';
import type { Session } from '../../scenarios/running/session.ts';
import { iomem } from '../fs/proc/files.ts';
import { IORESOURCE_BUSY, IORESOURCE_MEM, IORESOURCE_SYSTEM_RAM, type resource } from '../state.ts';
import { release_resource, request_region } from './resource.ts';

const text = (session: Session): string => cat(session, '/proc/iomem')!;

const res = (name: string, start: number, end: number, flags: number, ...children: resource[]): resource => ({
  name,
  start,
  end,
  flags,
  children,
});
const RAM = IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY;
const BUSY = IORESOURCE_MEM | IORESOURCE_BUSY;

/** A tree with these top-level entries. */
function tree(...children: resource[]): Session {
  const session = booted('v6.1', X86);
  session.state.iomem_resource.children = children;
  return session;
}
const lines = (session: Session): string[] => [...iomem(session.state)].map((line) => line.trimEnd());
const release = (session: Session, start: number, size: number, name = 'v6.1') => {
  const k = booted(name, X86).kernel;
  return run(session, k.release_mem_region_adjustable(start, size));
};

describe('release_mem_region_adjustable', () => {
  const one = () => tree(res('System RAM', 0x1000, 0x8fff, RAM));
  test.each([
    ['exact', 0x1000, 0x8000, []],
    ['head', 0x1000, 0x2000, ['00003000-00008fff : System RAM']],
    ['tail', 0x7000, 0x2000, ['00001000-00006fff : System RAM']],
    ['middle', 0x3000, 0x2000, ['00001000-00002fff : System RAM', '00005000-00008fff : System RAM']],
    ['past its end', 0x8000, 0x2000, ['00001000-00008fff : System RAM']],
    ['before its start', 0, 0x2000, ['00001000-00008fff : System RAM']],
    ['nowhere near', 0x10000, 0x1000, ['00001000-00008fff : System RAM']],
  ])('%s', (_, start, size, left) => {
    const session = one();
    expect(release(session, start, size).events).toEqual([]);
    expect(lines(session)).toEqual(left);
  });

  test('a range over several entries changes none of them', () => {
    const session = tree(res('System RAM', 0, 0xfff, RAM), res('System RAM', 0x1000, 0x1fff, RAM));
    const before = lines(session);
    expect(release(session, 0, 0x2000).events).toEqual([]);
    expect(lines(session)).toEqual(before);
  });

  test('entries that are not busy are looked into, busy ones are not', () => {
    const session = tree(
      res('CXL Window 0', 0, 0xffff, IORESOURCE_MEM, res('System RAM (kmem)', 0x1000, 0x2fff, RAM)),
      res('reserved', 0x10000, 0x1ffff, BUSY, res('System RAM', 0x11000, 0x11fff, RAM)),
    );
    release(session, 0x2000, 0x1000);
    expect(lines(session)).toEqual([
      '00000000-0000ffff : CXL Window 0',
      '  00001000-00001fff : System RAM (kmem)',
      '00010000-0001ffff : reserved',
      '  00011000-00011fff : System RAM',
    ]);
  });

  test('a child in the way: nothing changes; WARN from v5.10 on, a line before', () => {
    const kernel = res('Kernel code', 0x2000, 0x2fff, BUSY);
    const session = tree(res('System RAM', 0x1000, 0x8fff, RAM, kernel));
    const before = lines(session);
    expect(release(session, 0x1000, 0x2000).events).toEqual([
      { kind: 'warn', where: 'release_mem_region_adjustable', text: '' },
    ]);
    expect(lines(session)).toEqual(before);
    expect(release(session, 0x2000, 0x2000, 'v5.7').events).toEqual([
      {
        kind: 'printk',
        level: 4,
        text: 'Unable to release resource <0x0000000000002000-0x0000000000003fff> (-16)',
      },
    ]);
    expect(lines(session)).toEqual(before);
  });

  test('a split keeps the children with its lower part', () => {
    const kernel = res('Kernel code', 0x2000, 0x2fff, BUSY);
    const session = tree(res('System RAM', 0x1000, 0x8fff, RAM, kernel));
    expect(release(session, 0x4000, 0x1000).events).toEqual([]);
    expect(lines(session)).toEqual([
      '00001000-00003fff : System RAM',
      '  00002000-00002fff : Kernel code',
      '00005000-00008fff : System RAM',
    ]);
  });

  test('no entry at all: silent from v5.10 on, a line before', () => {
    const session = tree();
    expect(release(session, 0x2000, 0x2000).events).toEqual([]);
    expect(release(session, 0x2000, 0x2000, 'v5.2').events).toEqual([
      {
        kind: 'printk',
        level: 4,
        text: 'Unable to release resource <0x0000000000002000-0x0000000000003fff> (-22)',
      },
    ]);
  });

  test('any removals leave exactly what a plain array of units says, one entry a run', () => {
    const N = 16;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(N - 1), fc.integer({ min: 1, max: 5 })), { maxLength: 8 }),
        (removals) => {
          const session = tree(res('System RAM', 0, N * 0x1000 - 1, RAM));
          const units = new Array<boolean>(N).fill(true);
          for (const [first, n] of removals) {
            const inside = first + n <= N && units.slice(first, first + n).every(Boolean);
            release(session, first * 0x1000, n * 0x1000);
            if (inside) units.fill(false, first, first + n);
          }
          const left = session.state.iomem_resource.children.flatMap((r) =>
            Array.from({ length: (r.end + 1 - r.start) / 0x1000 }, (_, i) => r.start / 0x1000 + i),
          );
          expect(left).toEqual(units.flatMap((kept, i) => (kept ? [i] : [])));
        },
      ),
      { seed: 5, numRuns: 300 },
    );
  });
});

describe('__request_region', () => {
  const request = (session: Session, start: number, size: number): boolean =>
    request_region.run(session.state, start, size, 'System RAM', IORESOURCE_SYSTEM_RAM);

  test('goes into the deepest entry that is not busy and holds it', () => {
    const session = tree(
      res(
        'PCI Bus 0000:00',
        0,
        0xffff,
        IORESOURCE_MEM,
        res('PCI Bus 0000:01', 0x4000, 0x7fff, IORESOURCE_MEM),
      ),
    );
    expect(request(session, 0x5000, 0x1000)).toBe(true);
    expect(request(session, 0x1000, 0x1000)).toBe(true);
    expect(lines(session)).toEqual([
      '00000000-0000ffff : PCI Bus 0000:00',
      '  00001000-00001fff : System RAM',
      '  00004000-00007fff : PCI Bus 0000:01',
      '    00005000-00005fff : System RAM',
    ]);
  });

  test.each([
    ['busy', 0x1000, 0x1000],
    ['busy in part', 0x1800, 0x1000],
    ['reaching out of an entry that is not busy', 0x7000, 0x2000],
    ['empty', 0x9000, 0],
    ['past the end of the tree', 2 ** 53 - 4096, 8192],
  ])('is refused where it is %s', (_, start, size) => {
    const session = tree(
      res('System RAM', 0x1000, 0x1fff, RAM),
      res('CXL Window 0', 0x4000, 0x7fff, IORESOURCE_MEM),
    );
    const before = lines(session);
    expect(request(session, start, size)).toBe(false);
    expect(lines(session)).toEqual(before);
  });

  test('release_resource lets go of exactly one entry and keeps its children', () => {
    const child = res('System RAM', 0x4000, 0x4fff, RAM);
    const session = tree(res('CXL Window 0', 0x4000, 0x7fff, IORESOURCE_MEM, child));
    release_resource.run(session.state, 0x4000, 0x1000);
    expect(lines(session)).toEqual(['00004000-00007fff : CXL Window 0']);
    release_resource.run(session.state, 0x5000, 0x1000);
    expect(lines(session)).toEqual(['00004000-00007fff : CXL Window 0']);
  });

  test('of two entries with the same range, one below the other, release_resource takes the inner one', () => {
    const child = res('System RAM (virtio_mem)', 0x4000, 0x7fff, RAM);
    const session = tree(res('virtio0', 0x4000, 0x7fff, IORESOURCE_MEM, child));
    release_resource.run(session.state, 0x4000, 0x4000);
    expect(lines(session)).toEqual(['00004000-00007fff : virtio0']);
  });
});

describe('merge_system_ram_resource (MHP_MERGE_RESOURCE)', () => {
  const MERGE = 1;
  const add = (session: Session, start: number, name = 'System RAM (virtio_mem)') =>
    session.call(session.kernel.add_memory_driver_managed(1, start, 128 * M, name, MERGE)).ret;

  test('neighbours become one entry, on both sides', () => {
    const session = booted('v6.1', X86);
    for (const at of [5 * G, 5 * G + 256 * M, 5 * G + 128 * M]) expect(add(session, at)).toBe(0);
    expect(lines(session)).toEqual([
      '00000000-7fffffff : System RAM',
      '140000000-157ffffff : System RAM (virtio_mem)',
    ]);
  });

  test('not with another name, nor with an entry that never asked for it', () => {
    const session = booted('v6.1', X86);
    expect(add(session, 5 * G)).toBe(0);
    expect(add(session, 5 * G + 128 * M, 'System RAM (kmem)')).toBe(0);
    session.call(session.kernel.add_memory(1, 5 * G + 256 * M, 128 * M, 0));
    session.call(session.kernel.add_memory(1, 5 * G + 384 * M, 128 * M, MERGE));
    expect(lines(session).slice(1)).toEqual([
      '140000000-147ffffff : System RAM (virtio_mem)',
      '148000000-14fffffff : System RAM (kmem)',
      '150000000-157ffffff : System RAM',
      '158000000-15fffffff : System RAM',
    ]);
  });

  test('inside an entry of the device, as virtio-mem has it', () => {
    const session = booted('v6.1', X86);
    session.state.iomem_resource.children.push(res('virtio0', 5 * G, 6 * G - 1, IORESOURCE_MEM));
    for (const at of [5 * G, 5 * G + 128 * M]) expect(add(session, at)).toBe(0);
    expect(lines(session).slice(1)).toEqual([
      '140000000-17fffffff : virtio0',
      '  140000000-14fffffff : System RAM (virtio_mem)',
    ]);
  });

  test('a merged entry can be taken apart again', () => {
    const session = booted('v6.1', X86);
    for (const at of [5 * G, 5 * G + 128 * M, 5 * G + 256 * M]) add(session, at);
    must(session, { remove: { start: 5 * G + 128 * M, size: '128M' } });
    expect(lines(session).slice(1)).toEqual([
      '140000000-147ffffff : System RAM (virtio_mem)',
      '150000000-157ffffff : System RAM (virtio_mem)',
    ]);
  });
});

describe('/proc/iomem', () => {
  test('bytes: two blanks a level, eight digits or more, five levels', () => {
    const deep = res('a', 0, 0xfff, 1, res('b', 0, 0xfff, 1, res('c', 0, 0xfff, 1, res('d', 0, 0xfff, 1))));
    deep.children[0]!.children[0]!.children[0]!.children.push(res('e', 0, 0xfff, 1, res('f', 0, 0xfff, 1)));
    const session = tree(deep, res('System RAM', 2 ** 40, 2 ** 52 - 1, RAM));
    expect(text(session)).toBe(
      '00000000-00000fff : a\n  00000000-00000fff : b\n    00000000-00000fff : c\n' +
        '      00000000-00000fff : d\n        00000000-00000fff : e\n' +
        '10000000000-fffffffffffff : System RAM\n',
    );
  });

  test('DIMMs side by side stay two entries; one removal over both leaves both behind', () => {
    const session = booted('v6.1', X86);
    must(
      session,
      { device_add: { id: 'a', start: '5G', size: '128M' } },
      { device_add: { id: 'b', start: 5 * G + 128 * M, size: '128M' } },
    );
    const both = '140000000-147ffffff : System RAM\n148000000-14fffffff : System RAM\n';
    expect(text(session).endsWith(both)).toBe(true);
    expect(last(session, { remove: { start: '5G', size: '256M' } }).result).toBe('success');
    expect(text(session).endsWith(both)).toBe(true);
    expect(last(session, { add: { start: '5G', size: '128M', expect: 'EEXIST' } }).result).toBe('EEXIST');
  });

  test('a DIMM shrinks block by block and splits', () => {
    const session = booted('v6.1', X86);
    must(session, { add: { start: '5G', size: '512M' } }, { remove: { start: '5G', size: '128M' } });
    expect(lines(session).at(-1)).toBe('148000000-15fffffff : System RAM');
    must(session, { remove: { start: 5 * G + 256 * M, size: '128M' } });
    expect(lines(session).slice(1)).toEqual([
      '148000000-14fffffff : System RAM',
      '158000000-15fffffff : System RAM',
    ]);
    must(session, { add: { start: 5 * G + 256 * M, size: '128M' } });
    expect(lines(session).length).toBe(4);
  });

  test('a failed add leaves no entry; the refusal is a debug message', () => {
    const session = booted('v6.1', withOptions(X86, DYNDBG));
    const before = text(session);
    expect(last(session, { add: { start: '5G', size: 64 * K, expect: 'EINVAL' } }).failures).toEqual([]);
    const [outcome] = play(session, { add: { start: '1G', size: '128M', expect: 'EEXIST' } });
    expect(outcome!.messages).toEqual([
      'Unable to reserve System RAM region: 0000000040000000->0000000048000000',
    ]);
    expect(text(session)).toBe(before);
  });
});
